/* The cards that wait for staff: looked up again every 15 seconds, decided in place. */
(function () {
	'use strict';

	const EVERY_MS = 15000;

	const element = (tag, className, text) => {
		const made = document.createElement(tag);
		if (className) made.className = className;
		if (text) made.textContent = text;
		return made;
	};

	class Desk {
		constructor(root) {
			this.root = root;
			this.path = root.dataset.path;
			this.texts = JSON.parse(root.dataset.texts);
			this.clock = new Intl.DateTimeFormat(root.dataset.lang, { dateStyle: 'medium', timeStyle: 'short' });
			this.list = root.querySelector('.aiguy-cards');
			this.empty = root.querySelector('.aiguy-empty');
			this.trouble = root.querySelector('.aiguy-trouble');
			this.status = root.querySelector('[role=status]');
			this.cards = new Map();
			this.begun = false;
			document.addEventListener('visibilitychange', () => this.look());
			this.look();
		}

		// What nobody looks at is not asked for.
		async look() {
			clearTimeout(this.timer);
			if (document.hidden) return;
			this.timer = setTimeout(() => this.look(), EVERY_MS);
			try {
				const { approvals } = await wp.apiFetch({ path: this.path });
				this.complain('');
				this.show(approvals);
			} catch (error) {
				this.complain(this.isSignedOut(error) ? this.texts.signed_out : error.detail || this.texts.trouble);
			}
		}

		// A card that is on the screen stays where it is: somebody may be writing a note into it.
		show(approvals) {
			const open = new Map(approvals.map((card) => [card.digest, card]));
			for (const [digest, shown] of this.cards) {
				if (!open.has(digest) && !shown.contains(document.activeElement)) {
					shown.remove();
					this.cards.delete(digest);
				}
			}
			for (const card of approvals) {
				if (this.cards.has(card.digest)) {
					this.cards.get(card.digest).querySelector('.aiguy-by').textContent = this.approvers(card);
					continue;
				}
				const item = this.card(card);
				this.cards.set(card.digest, item);
				this.list.append(item);
				if (this.begun) this.say(this.texts.fresh.replace('%s', card.summary));
			}
			this.begun = true;
			this.empty.hidden = this.list.children.length > 0;
			this.empty.textContent = this.texts.nothing;
			this.count(approvals.length);
		}

		approvers(card) {
			return card.approved_by.length ? card.approved_by.join(', ') : this.texts.nobody;
		}

		card(card) {
			const item = element('div', 'aiguy-card');
			item.setAttribute('role', 'group');
			const heading = element('h2', '', card.summary);
			heading.id = 'aiguy-' + card.digest.slice(0, 16);
			item.setAttribute('aria-labelledby', heading.id);
			const facts = element('dl', '');
			const fact = (name, value, className) => {
				if (value) facts.append(element('dt', '', name), element('dd', className, value));
			};
			fact(this.texts.money, card.money, 'aiguy-money');
			fact(this.texts.customer, card.customer);
			fact(this.texts.reasons, card.reasons.join(' '), 'aiguy-reasons');
			fact(this.texts.rule, card.policy);
			fact(this.texts.needed, String(card.approvals));
			fact(this.texts.approved_by, this.approvers(card), 'aiguy-by');
			fact(this.texts.asked, this.clock.format(new Date(card.asked_at)));
			fact(this.texts.expires, this.clock.format(new Date(card.expires_at)));
			item.append(heading, facts);
			if (card.decided_by_me) {
				item.append(element('p', 'aiguy-result', this.texts.more_needed));
				return item;
			}
			item.append(this.form(item, card));
			return item;
		}

		form(item, card) {
			const form = element('form', '');
			const label = element('label', '', this.texts.notes);
			const notes = element('textarea', 'large-text');
			notes.rows = 2;
			notes.maxLength = 1000;
			notes.id = 'aiguy-notes-' + card.digest.slice(0, 16);
			label.htmlFor = notes.id;
			const result = element('p', 'aiguy-result');
			const buttons = [['approve', true, 'button button-primary'], ['deny', false, 'button']].map(([name, approved, style]) => {
				const button = element('button', style, this.texts[name]);
				button.type = 'button';
				button.setAttribute('aria-describedby', 'aiguy-' + card.digest.slice(0, 16));
				button.addEventListener('click', () => this.decide(form, card, approved, notes.value, button));
				return button;
			});
			const choices = element('p', 'aiguy-choices');
			choices.append(...buttons);
			form.append(label, notes, choices, result);
			form.addEventListener('submit', (event) => event.preventDefault());
			return form;
		}

		async decide(form, card, approved, notes, pressed) {
			const controls = form.querySelectorAll('button, textarea');
			const result = form.querySelector('.aiguy-result');
			for (const control of controls) control.disabled = true;
			const { conversation_id, turn_id, digest } = card;
			try {
				const data = { conversation_id, turn_id, digest, approved, notes };
				const { approvals_missing: missing } = await wp.apiFetch({ path: this.path, method: 'POST', data });
				this.settle(form, missing ? this.texts.more_needed : approved ? this.texts.approved : this.texts.denied);
				// What is decided leaves the queue, and stays on the screen for the one who decided.
				if (!missing) this.cards.delete(digest);
			} catch (error) {
				const final = { already_decided: 'decided', not_found: 'gone' }[error.code];
				if (final) {
					this.settle(form, this.texts[final]);
					this.cards.delete(digest);
					return;
				}
				if (error.code === 'forbidden') {
					this.settle(form, this.texts.own);
					return;
				}
				for (const control of controls) control.disabled = false;
				pressed.focus();
				result.textContent = this.isSignedOut(error) ? this.texts.signed_out : error.detail || this.texts.failed;
				this.say(result.textContent);
			}
		}

		settle(form, text) {
			const result = element('p', 'aiguy-result', text);
			result.tabIndex = -1;
			form.replaceWith(result);
			result.focus();
			this.say(text);
		}

		isSignedOut(error) {
			return ['rest_cookie_invalid_nonce', 'rest_not_logged_in', 'rest_forbidden'].includes(error.code);
		}

		complain(text) {
			if (this.trouble.textContent !== text) this.trouble.textContent = text;
		}

		say(text) {
			this.status.textContent = text;
		}

		count(number) {
			for (const bubble of document.querySelectorAll('#adminmenu .aiguy-count')) {
				bubble.className = 'awaiting-mod aiguy-count count-' + number;
				bubble.querySelector('.pending-count').textContent = String(number);
			}
		}
	}

	for (const root of document.querySelectorAll('.aiguy-approvals')) new Desk(root);
})();
