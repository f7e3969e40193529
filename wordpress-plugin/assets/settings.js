/* The buttons of the settings page: the connection test, a new key, sending all pages, copying. */
(function () {
	'use strict';

	const element = (tag, className, text) => {
		const made = document.createElement(tag);
		if (className) made.className = className;
		if (text) made.textContent = text;
		return made;
	};

	class Panel {
		constructor(root) {
			this.root = root;
			this.texts = JSON.parse(root.dataset.texts);
			this.told = root.querySelector('.aiguy-told');
			for (const button of root.querySelectorAll('.aiguy-do')) {
				button.addEventListener('click', () => this.run(button));
			}
			const copy = root.querySelector('.aiguy-copy-button');
			if (copy && navigator.clipboard) {
				copy.hidden = false;
				copy.addEventListener('click', () => this.copy());
			}
		}

		async run(button) {
			if (button.dataset.question && !window.confirm(button.dataset.question)) return;
			button.disabled = true;
			this.told.textContent = this.texts.working;
			try {
				const answer = await this.call(button.dataset.do);
				if (button.dataset.do === 'connection-test') this.show(answer.checks);
				if (answer.key) this.root.querySelector('.aiguy-key').textContent = answer.key;
				this.told.textContent = button.dataset.do === 'knowledge' ? await this.sendAll(answer) : answer.text;
			} catch (error) {
				this.told.textContent = error.detail || error.message || this.texts.failed;
			}
			button.disabled = false;
			button.focus();
		}

		call(name) {
			return wp.apiFetch({ path: this.root.dataset.path + name, method: 'POST' });
		}

		show(checks) {
			this.root.querySelector('.aiguy-checks').replaceChildren(...checks.map((check) => {
				const item = element('li', 'aiguy-check aiguy-' + check.status);
				item.append(element('strong', '', check.verdict), element('span', 'aiguy-what', check.label), element('span', '', check.text));
				return item;
			}));
		}

		// Batch after batch, as long as the page is open and batches succeed.
		async sendAll(first) {
			const bar = this.root.querySelector('.aiguy-bar');
			bar.max = Math.max(first.waiting, 1);
			bar.hidden = false;
			let now = first;
			let before = Infinity;
			while (now.waiting > 0 && !now.failed && now.waiting < before) {
				before = now.waiting;
				now = await this.call('knowledge-step');
				bar.value = bar.max - now.waiting;
				this.root.querySelector('.aiguy-progress').textContent = now.text;
			}
			bar.hidden = true;
			this.root.querySelector('.aiguy-refused').replaceChildren(...now.refused.map((line) => element('li', '', line)));
			return now.text;
		}

		async copy() {
			await navigator.clipboard.writeText(this.root.querySelector('.aiguy-copy').value);
			this.told.textContent = this.texts.copied;
		}
	}

	for (const root of document.querySelectorAll('.aiguy-panel')) new Panel(root);
})();
