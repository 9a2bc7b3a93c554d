// SPDX-License-Identifier: GPL-2.0
// The wake graph: search, one task's edges alone, zoom, keyboard. Uses only what is in the SVG; stands alone or below a
// flame graph, whose search field it then shares.
(function () {
	'use strict';
	const FEW = 15; // so many edges are shown with their labels
	const root = document.currentScript ? document.currentScript.ownerSVGElement : document.documentElement;
	const find = (selector) => root.querySelector(selector);
	const canvas = find('#wakes'), input = find('#search'), alone = !find('g.view');
	const details = find('#wakes-details'), matched = find('#wakes-matched'), reset = find('#wakes-reset');
	const rowPx = Number(canvas.dataset.row), whole = canvas.viewBox.baseVal;
	const full = { x: 0, y: 0, width: whole.width, height: whole.height };
	const nodes = Array.from(canvas.querySelectorAll('svg.node'));
	const edges = Array.from(canvas.querySelectorAll('g.edge'));
	const labels = Array.from(canvas.querySelectorAll('text.label')); // in the order of edges, above them all
	let picked = null, drag = null;

	const shown = (o) => o.style.display !== 'none';
	const column = (side) => nodes.filter((n) => n.dataset.side === side && shown(n))
		.sort((a, b) => a.row - b.row);
	const nodeAt = (index, side) => nodes.find((n) => n.dataset.node === index && n.dataset.side === side);
	const touches = (e, n) => n.dataset.side === 'waker' ? e.dataset.from === n.dataset.node
		: e.dataset.to === n.dataset.node;
	const touching = (n) => edges.filter((e) => shown(e) && touches(e, n))
		.sort((a, b) => b.dataset.count - a.dataset.count);

	for (const n of nodes)
		n.row = n.y.baseVal.value / rowPx;
	edges.forEach((e, i) => {
		e.from = nodeAt(e.dataset.from, 'waker');
		e.to = nodeAt(e.dataset.to, 'wakee');
		e.label = labels[i];
	});

	function tell(o) {
		details.textContent = o ? o.querySelector('title').textContent.replace(/\n/g, ' \u00b7 ') : '';
	}

	// The curve and its label, from where its ends are now.
	function draw(e) {
		const mid = (n) => n.y.baseVal.value + n.height.baseVal.value / 2;
		const x1 = e.from.width.baseVal.value, x2 = e.to.x.baseVal.value, y1 = mid(e.from), y2 = mid(e.to);
		const xm = (x1 + x2) / 2, t = Number(e.label.dataset.t), u = 1 - t, near = u * u * u + 3 * u * u * t;
		e.querySelector('path').setAttribute('d', `M${x1} ${y1}C${xm} ${y1} ${xm} ${y2} ${x2} ${y2}`);
		e.label.setAttribute('x', (u * u * u * x1 + 3 * u * t * xm + t * t * t * x2).toFixed(1));
		e.label.setAttribute('y', (near * y1 + (1 - near) * y2 + 4).toFixed(1));
	}

	// Show the edges of @node's task alone, as waker and as wakee, or (null) all.
	function pick(node) {
		const index = node ? node.dataset.node : null;
		picked = index;
		for (const e of edges)
			e.style.display = e.label.style.display =
				index === null || e.dataset.from === index || e.dataset.to === index ? '' : 'none';
		for (const n of nodes)
			n.style.display = edges.some((e) => shown(e) && touches(e, n)) ? '' : 'none';
		for (const side of ['waker', 'wakee'])
			column(side).forEach((n, row) => n.setAttribute('y', row * rowPx));
		edges.filter(shown).forEach(draw);
		canvas.classList.toggle('few', edges.filter(shown).length <= FEW);
		reset.classList.toggle('off', index === null);
		look(full);
	}

	function search(text) {
		const pattern = text ? searchPattern(text) : null;
		let count = 0, all = 0;
		for (const n of nodes)
			n.classList.toggle('hit', !!pattern && pattern.test(n.dataset.n));
		for (const e of edges) {
			const hit = e.from.classList.contains('hit') || e.to.classList.contains('hit');
			e.classList.toggle('hit', hit);
			e.label.classList.toggle('hit', hit);
			all += Number(e.dataset.count);
			count += hit ? Number(e.dataset.count) : 0;
		}
		canvas.classList.toggle('searching', !!pattern);
		matched.textContent = pattern ? 'matched: ' + (all ? 100 * count / all : 0).toFixed(2) + ' % of wakeups' : '';
	}

	// Look at the part @to of the graph; never beyond its edges.
	function look(to) {
		const w = Math.min(full.width, Math.max(full.width / 16, to.width)), h = w * full.height / full.width;
		const x = Math.min(full.width - w, Math.max(0, to.x)), y = Math.min(full.height - h, Math.max(0, to.y));
		canvas.setAttribute('viewBox', [x, y, w, h].map((v) => v.toFixed(2)).join(' '));
	}

	function zoom(factor, px, py) { // around the point at the parts px, py of what is seen
		const v = canvas.viewBox.baseVal, w = v.width / factor, h = v.height / factor;
		look({ x: v.x + (v.width - w) * px, y: v.y + (v.height - h) * py, width: w });
	}

	function move(dx, dy) { // in parts of what is seen
		const v = canvas.viewBox.baseVal;
		look({ x: v.x + dx * v.width, y: v.y + dy * v.height, width: v.width });
	}

	function focus(o) {
		if (!o)
			return;
		for (const other of canvas.querySelectorAll('[tabindex="0"]'))
			other.setAttribute('tabindex', '-1');
		o.setAttribute('tabindex', '0');
		o.focus();
	}

	// What an arrow key leads to: along a column, from a task to its busiest edge, from edge to edge, and to its ends.
	function neighbour(o, way) {
		const step = way === 'ArrowUp' ? -1 : way === 'ArrowDown' ? 1 : 0;
		const isNode = o.matches('svg.node');
		if (step) {
			const line = isNode ? column(o.dataset.side) : touching(o.anchor || o.from);
			return line[line.indexOf(o) + step];
		}
		if (!isNode)
			return way === 'ArrowLeft' ? o.from : o.to;
		if ((way === 'ArrowRight') !== (o.dataset.side === 'waker'))
			return null;
		for (const e of touching(o))
			e.anchor = o;
		return touching(o)[0];
	}

	// Light up what belongs to the task or the edge at the pointer or the focus, and tell of it.
	function near(o) {
		const index = o && o.matches('svg.node') ? o.dataset.node : null;
		for (const e of edges) {
			const lit = e === o || (index !== null && (e.dataset.from === index || e.dataset.to === index));
			e.classList.toggle('near', lit);
			e.label.classList.toggle('near', lit);
		}
		tell(o);
	}

	const part = (e) => e.target.closest ? e.target.closest('#wakes svg.node, #wakes g.edge') : null;

	root.addEventListener('click', (e) => {
		const o = part(e);
		if (o && o.matches('svg.node'))
			pick(o.dataset.node === picked ? null : o);
		else if (e.target.closest('#wakes-reset'))
			pick(null);
	});
	root.addEventListener('mouseover', (e) => near(part(e)));
	root.addEventListener('focusin', (e) => near(part(e)));
	input.addEventListener('input', () => search(input.value));

	canvas.addEventListener('wheel', (e) => {
		if (!e.ctrlKey) // the wheel alone scrolls the page
			return;
		const r = canvas.getBoundingClientRect();
		zoom(e.deltaY < 0 ? 1.25 : 0.8, (e.clientX - r.left) / r.width, (e.clientY - r.top) / r.height);
		e.preventDefault();
	}, { passive: false });
	canvas.addEventListener('pointerdown', (e) => { drag = { x: e.clientX, y: e.clientY }; });
	root.addEventListener('pointerup', () => { drag = null; });
	root.addEventListener('pointermove', (e) => {
		if (!drag || !e.buttons)
			return;
		const r = canvas.getBoundingClientRect();
		move((drag.x - e.clientX) / r.width, (drag.y - e.clientY) / r.height);
		drag = { x: e.clientX, y: e.clientY };
	});

	root.addEventListener('keydown', (e) => {
		const o = part(e), enter = e.key === 'Enter' || e.key === ' ';
		const arrow = { ArrowUp: [0, -.1], ArrowDown: [0, .1], ArrowLeft: [-.1, 0], ArrowRight: [.1, 0] }[e.key];
		if (e.target.closest && e.target.closest('#wakes-reset') && enter) {
			pick(null);
		} else if (!alone && !o) {
			return; // the flame graph's
		} else if (e.key === 'Escape') {
			if (input.value)
				clearSearch(input);
			else
				pick(null);
		} else if (e.target === input || ((e.ctrlKey || e.metaKey) && e.key !== 'f') || e.altKey) {
			return;
		} else if (e.key === '/' || e.key === 'f' && (e.ctrlKey || e.metaKey)) {
			input.focus();
		} else if (e.key === '+' || e.key === '=') {
			zoom(1.25, .5, .5);
		} else if (e.key === '-') {
			zoom(.8, .5, .5);
		} else if (e.key === '0') {
			look(full);
		} else if (arrow && e.shiftKey) {
			move(arrow[0], arrow[1]);
		} else if (arrow && o) {
			focus(neighbour(o, e.key));
		} else if (enter && o && o.matches('svg.node')) {
			pick(o.dataset.node === picked ? null : o);
			focus(o);
		} else {
			return;
		}
		e.preventDefault();
		e.stopImmediatePropagation();
	});

	if (nodes.length) {
		nodes[0].setAttribute('tabindex', '0');
		if (alone && root === document.documentElement)
			focus(column('waker')[0]);
	}
})();
