// The chat's block in the editor: a picture of where it will be, and its settings at the side.
(function (blocks, editor, components, element, i18n) {
  "use strict";
  const el = element.createElement;
  const __ = i18n.__;

  function sidebar(props) {
    const set = (name) => (value) => props.setAttributes({ [name]: value });
    return el(editor.InspectorControls, null,
      el(components.PanelBody, { title: __("Chat", "aiguy-chat") },
        el(components.TextControl, {
          label: __("Heading", "aiguy-chat"), value: props.attributes.title, maxLength: 80, onChange: set("title"),
          help: __("Empty: the heading of the plugin's settings.", "aiguy-chat"),
        }),
        el(components.TextareaControl, {
          label: __("Greeting", "aiguy-chat"), value: props.attributes.greeting, maxLength: 500, onChange: set("greeting"),
        }),
        el(components.SelectControl, {
          label: __("Colours", "aiguy-chat"), value: props.attributes.theme, onChange: set("theme"),
          options: [
            { value: "", label: __("As in the plugin's settings", "aiguy-chat") },
            { value: "light", label: __("Light", "aiguy-chat") },
            { value: "dark", label: __("Dark", "aiguy-chat") },
            { value: "auto", label: __("As the visitor's device", "aiguy-chat") },
          ],
        })));
  }

  blocks.registerBlockType("aiguy/chat", {
    edit: (props) => el("div", editor.useBlockProps(),
      sidebar(props),
      el(components.Placeholder, {
        icon: "format-chat",
        label: props.attributes.title || __("AIGuy Chat", "aiguy-chat"),
        instructions: __("Visitors chat with the support assistant here. Without JavaScript they see the contact form.", "aiguy-chat"),
      })),
    save: () => null,
  });
})(window.wp.blocks, window.wp.blockEditor, window.wp.components, window.wp.element, window.wp.i18n);
