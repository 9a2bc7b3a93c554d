// SPDX-License-Identifier: GPL-2.0
// Search, zoom and keyboard of the flame graph. Uses only what is in the SVG; names are only ever set as text.
(function () {
	'use strict';
	const root = document.currentScript ? document.currentScript.ownerSVGElement : document.documentElement;
	const find = (selector) => root.querySelector(selector);
	const details = find('#details'), matched = find('#matched'), input = find('#search');
	const views = Array.from(root.querySelectorAll('g.view'));
	const EPSILON = 0.00006; // positions are written in per cent with four decimals
	let view = views[0], target = null, pattern = null;

	for (const v of views) {
		v.frames = Array.from(v.querySelectorAll('svg.f'));
		v.rows = new Map();
		for (const f of v.frames) {
			f.at = {
				x: parseFloat(f.getAttribute('x')),
				w: parseFloat(f.getAttribute('width')),
				y: parseFloat(f.getAttribute('y')),
			};
			f.shown = f.at;
			if (!v.rows.has(f.at.y))
				v.rows.set(f.at.y, []);
			v.rows.get(f.at.y).push(f);
		}
	}

	function place(f, x, w) {
		f.shown = { x: x, w: w, y: f.at.y };
		f.setAttribute('x', x.toFixed(4) + '%');
		f.setAttribute('width', w.toFixed(4) + '%');
		f.style.display = '';
	}

	function hide(f) {
		f.shown = null;
		f.style.display = 'none';
	}

	// Give @to the whole width: what is above it scales, what it stands on becomes a plinth.
	function zoom(to) {
		const t = to ? to.at : { x: 0, w: 100, y: Infinity };
		target = to;
		for (const f of view.frames) {
			const a = f.at;
			f.classList.remove('plinth');
			if (a.y <= t.y && a.x >= t.x - EPSILON && a.x + a.w <= t.x + t.w + EPSILON) {
				place(f, (a.x - t.x) / t.w * 100, a.w / t.w * 100);
			} else if (a.y > t.y && a.x <= t.x + EPSILON && a.x + a.w >= t.x + t.w - EPSILON) {
				place(f, 0, 100);
				f.classList.add('plinth');
			} else {
				hide(f);
			}
		}
		find('#reset').classList.toggle('off', !to);
		count();
	}

	function search(text) {
		pattern = text ? searchPattern(text) : null;
		for (const v of views)
			for (const f of v.frames)
				f.classList.toggle('hit', !!pattern && pattern.test(f.dataset.n));
		count();
	}

	// How much of what is shown stands in frames that match: the union of their widths.
	function count() {
		let sum = 0, end = 0;
		if (!pattern) {
			matched.textContent = '';
			return;
		}
		view.frames.filter((f) => f.shown && f.classList.contains('hit') && !f.classList.contains('plinth'))
			.sort((a, b) => a.shown.x - b.shown.x || b.shown.w - a.shown.w)
			.forEach((f) => {
				const from = Math.max(f.shown.x, end), to = f.shown.x + f.shown.w;
				if (to > from)
					sum += to - from;
				end = Math.max(end, to);
			});
		matched.textContent = 'matched: ' + sum.toFixed(2) + ' %';
	}

	function tell(f) {
		details.textContent = f ? f.querySelector('title').textContent.replace(/\n/g, ' \u00b7 ') : '';
	}

	function swap() {
		if (views.length < 2)
			return;
		const was = view;
		view = views[(views.indexOf(view) + 1) % views.length];
		was.style.display = 'none';
		view.style.display = '';
		find('#direction').textContent = view.dataset.title;
		zoom(null);
	}

	function focus(f) {
		for (const other of root.querySelectorAll('svg.f[tabindex="0"]'))
			other.setAttribute('tabindex', '-1');
		f.setAttribute('tabindex', '0');
		f.focus();
		tell(f);
	}

	// The frame next to @f: 'up' towards the leaf, 'down' towards the root, 'left' and 'right' on its row.
	function neighbour(f, way) {
		const ys = Array.from(view.rows.keys()).sort((a, b) => a - b), row = ys.indexOf(f.at.y);
		const y = way === 'up' ? ys[row - 1] : way === 'down' ? ys[row + 1] : f.at.y;
		const line = (view.rows.get(y) || []).filter((o) => o.shown);
		const mid = f.shown.x;
		if (way === 'left' || way === 'right') {
			line.sort((a, b) => a.shown.x - b.shown.x);
			return line[line.indexOf(f) + (way === 'left' ? -1 : 1)];
		}
		if (way === 'down')
			return line.find((o) => o.at.x <= f.at.x + EPSILON && o.at.x + o.at.w >= f.at.x + f.at.w - EPSILON);
		return line.find((o) => o.shown.x >= mid - EPSILON && o.shown.x < mid + f.shown.w - EPSILON);
	}

	root.addEventListener('click', (e) => {
		const f = e.target.closest('svg.f');
		if (f)
			zoom(f);
		else if (e.target.closest('#reset'))
			zoom(null);
		else if (e.target.closest('#swap'))
			swap();
	});
	root.addEventListener('mouseover', (e) => tell(e.target.closest('svg.f')));
	root.addEventListener('focusin', (e) => tell(e.target.closest('svg.f')));
	if (input)
		input.addEventListener('input', () => search(input.value));

	root.addEventListener('keydown', (e) => {
		const f = e.target.closest && e.target.closest('svg.f');
		const ways = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };
		const typing = e.target === input;
		if (e.key === 'Escape') {
			if (typing || pattern) {
				clearSearch(input);
			} else {
				zoom(null);
			}
		} else if (typing) {
			return;
		} else if (e.key === '/' || ((e.ctrlKey || e.metaKey) && e.key === 'f')) {
			if (input)
				input.focus();
		} else if (e.ctrlKey || e.metaKey || e.altKey) {
			return;
		} else if ((e.key === 'Enter' || e.key === ' ') && e.target.closest('#reset')) {
			zoom(null);
		} else if ((e.key === 'Enter' || e.key === ' ') && e.target.closest('#swap')) {
			swap();
		} else if ((e.key === 'Enter' || e.key === ' ') && f) {
			zoom(f === target ? null : f);
		} else if (e.key === 'd') {
			swap();
		} else if (ways[e.key] && f) {
			const next = neighbour(f, ways[e.key]);
			if (next)
				focus(next);
		} else {
			return;
		}
		e.preventDefault();
	});

	// Keys work from the start: in an SVG document nothing has the focus by itself.
	if (root === document.documentElement)
		focus(view.frames[0]);
})();
