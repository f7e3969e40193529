// The demonstration: whom one is at the shop, the chat as its customers see it, and its staff's desk.

import { Desk } from "./desk.js";

const STAFF = new Set(["kim", "lee"]);

const $ = (id) => document.getElementById(id);
let desk;

function become(who) {
  desk?.leave();
  desk = undefined;
  sessionStorage.setItem("who", who);
  for (const choice of document.querySelectorAll("input[name=who]")) choice.checked = choice.value === who;
  const staff = STAFF.has(who);
  $("desk").hidden = !staff;
  $("shop").hidden = staff;
  if (staff) {
    desk = new Desk(who);
    return;
  }
  const asked = `/demo/widget?who=${encodeURIComponent(who)}`;
  if ($("chat").getAttribute("session") === asked) return;
  $("chat").setAttribute("session", asked);
  // Before its own script has run it is a plain element, which begins with this session when it is a chat.
  $("chat").renew?.();
}

$("who").addEventListener("change", (event) => become(event.target.value));
become(sessionStorage.getItem("who") ?? "ada");
