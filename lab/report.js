// SPDX-License-Identifier: GPL-2.0
// Draws the report's plots from the data in the page and makes its tables sort. Fetches nothing.
(() => {
	"use strict";
	const data = JSON.parse(document.getElementById("data").textContent);
	// The same hues for white and for dark paper; each stands out from its paper by 3:1 at least.
	const onWhite = ["#0072b2", "#d55e00", "#008a65", "#b5558c", "#946c00", "#2e86c1", "#7a5fb5", "#8b6d5c"];
	const onDark = ["#4da3e0", "#ff8a3d", "#2ec492", "#e39ac6", "#d6a72c", "#8ccdf5", "#a994e6", "#c9ab98"];
	let inks = onWhite;
	const dashes = [[], [6, 3], [2, 3], [10, 3, 2, 3]];
	const charts = [];
	const units = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]];

	const time = (ns) => {
		const [size, unit] = units.find(([s]) => Math.abs(ns) >= s) || units[3];
		return `${Number((ns / size).toPrecision(3))} ${unit}`;
	};
	const percent = (q) => `p${Number((100 * q).toPrecision(6))}`;
	const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

	// Powers of ten only, of a thousand where there is little room: with every tick labelled the axis cannot be read.
	const narrow = (scale) => scale.chart.width < 480;
	const timeTicks = { maxRotation: 0, autoSkip: false, callback(v) {
		const power = Math.round(Math.log10(v));
		return Math.abs(Math.log10(v) - power) > 1e-9 || (this.isHorizontal() && narrow(this) && power % 3) ? "" : time(v);
	} };
	const axis = (title, extra) => Object.assign({ title: { display: true, text: title } }, extra);

	const options = (x, y, tooltip) => ({
		animation: false, responsive: true, maintainAspectRatio: false, parsing: false,
		interaction: { mode: "nearest", intersect: false },
		elements: { point: { radius: 2 }, line: { borderWidth: 2 } },
		scales: { x, y },
		plugins: {
			tooltip: { callbacks: { title: () => "", label: tooltip } },
			legend: { labels: { usePointStyle: true, pointStyle: "line", pointStyleWidth: 28 } },
		},
	});

	const line = (label, index, points, extra) => Object.assign({
		label, data: points, borderColor: inks[index % inks.length], backgroundColor: inks[index % inks.length],
		borderDash: dashes[Math.floor(index / inks.length) % dashes.length],
	}, extra);

	const draw = (id, config) => {
		const canvas = document.getElementById(id);
		if (canvas)
			charts.push(new Chart(canvas, config));
	};

	const percentiles = (id, metric) => draw(id, {
		type: "line",
		data: { datasets: metric.series.map((s, i) => line(s.label, i, s.curve.map(([q, ns]) => ({ x: 1 / (1 - q), y: Math.max(ns, 1), q })))) },
		options: options(
			axis("percentile", { type: "logarithmic", min: 1,
				ticks: { maxRotation: 0, autoSkip: false, callback(v) {
					return (narrow(this) ? [2, 10, 100, 1000, 10000] : [1, 2, 10, 100, 1000, 10000, 100000]).includes(v) ? percent(1 - 1 / v) : "";
				} } }),
			axis("time", { type: "logarithmic", ticks: timeTicks }),
			(c) => `${c.dataset.label} ${percent(c.raw.q)}: ${time(c.raw.y)}`),
	});

	const histogram = (id, metric) => draw(id, {
		type: "line",
		data: { datasets: metric.series.map((s, i) => line(s.label, i,
			s.hist.map(([low, share]) => ({ x: Math.max(low, 1), y: 100 * share })), { stepped: "before", pointRadius: 0 })) },
		options: options(axis("time", { type: "logarithmic", ticks: timeTicks }), axis("% of samples", { type: "linear", min: 0 }),
			(c) => `${c.dataset.label} from ${time(c.raw.x)}: ${Number(c.raw.y.toPrecision(3))} %`),
	});

	// Small differences in per cent; where something is doubled or halved, as a factor on a scale that shows both alike.
	const shift = (id, metric) => {
		const sets = [];
		const wide = metric.shift.some((s) => s.rows.some((r) => r[1] > 2 || r[1] < 0.5));
		const scaled = (ratio) => (wide ? Math.max(ratio, 1e-6) : 100 * (ratio - 1));
		const factor = (v) => (/^[125]/.test(v.toExponential(0)) ? `×${Number(v.toPrecision(2))}` : "");
		metric.shift.forEach((s) => {
			const at = metric.series.findIndex((m) => m.label === s.label);
			const point = (row, value) => ({ x: 100 * row[0], y: scaled(value), row });
			const known = s.rows.filter((r) => r[2] !== null);
			sets.push(line(s.label, at, s.rows.map((r) => point(r, r[1]))));
			sets.push(line("", at, known.map((r) => point(r, r[2])), { borderWidth: 0, pointRadius: 0 }));
			sets.push(line("", at, known.map((r) => point(r, r[3])),
				{ borderWidth: 0, pointRadius: 0, fill: "-1", backgroundColor: `${inks[at % inks.length]}33` }));
		});
		const o = options(axis("percentile", { type: "linear", min: 0, max: 100 }), wide ? axis(`times ${metric.base}`, { type: "logarithmic", ticks: { callback: factor } })
				: axis(`% more than ${metric.base}`, { type: "linear" }),
			(c) => `${c.dataset.label} ${percent(c.raw.row[0])}: ${Number((100 * (c.raw.row[1] - 1)).toPrecision(3))} %`);
		o.plugins.legend.labels.filter = (item) => item.text !== "";
		o.plugins.tooltip.filter = (item) => item.dataset.label !== "";
		draw(id, { type: "line", data: { datasets: sets }, options: o });
	};

	const oracles = (id, rows) => {
		const labels = [...new Set(rows.map((r) => r.label))], kinds = [...new Set(rows.map((r) => r.name))];
		const value = (label, pick) => { const r = rows.find((x) => x.label === label && pick(x)); return r; };
		const sets = [{ label: "measured", backgroundColor: inks[0],
			data: labels.map((l) => (value(l, () => true) || {}).measured_mean_ns) }];
		kinds.forEach((k, i) => sets.push({ label: `${k} oracle`, backgroundColor: inks[i + 1],
			data: labels.map((l) => (value(l, (x) => x.name === k) || {}).mean_ns) }));
		const o = options(axis("", {}), axis("mean sojourn", { type: "linear", min: 0, ticks: { callback: time } }),
			(c) => `${c.dataset.label}, ${c.label}: ${time(c.parsed.y)}`);
		o.parsing = true;
		o.plugins.legend.labels = {};
		draw(id, { type: "bar", data: { labels, datasets: sets }, options: o });
	};

	const dark = matchMedia("(prefers-color-scheme: dark)");
	const drawAll = (paper) => {
		while (charts.length)
			charts.pop().destroy();
		inks = dark.matches && paper !== "white" ? onDark : onWhite;
		Chart.defaults.color = paper === "white" ? "#000" : style("--ink");
		Chart.defaults.borderColor = paper === "white" ? "#bbb" : style("--line");
		data.workloads.forEach((w, n) => {
			w.metrics.forEach((m, k) => {
				percentiles(`percentiles-${n}-${k}`, m);
				histogram(`histogram-${n}-${k}`, m);
				shift(`shift-${n}-${k}`, m);
			});
			oracles(`oracles-${n}`, w.oracles);
		});
	};
	drawAll();
	dark.addEventListener("change", () => drawAll());
	// Paper is white whatever the screen is, and what is folded cannot be opened there.
	let opened = [];
	addEventListener("beforeprint", () => {
		opened = [...document.querySelectorAll("details:not([open])")];
		opened.forEach((d) => { d.open = true; });
		drawAll("white");
	});
	addEventListener("afterprint", () => {
		opened.forEach((d) => { d.open = false; });
		drawAll();
	});
	window.schedlabCharts = charts;

	// A header's button sorts by its column; numbers by data-v, text by itself.
	const key = (row, column) => {
		const cell = row.cells[column], v = cell.dataset.v;
		return v === undefined ? cell.textContent : v === "" ? Infinity : Number(v);
	};
	document.querySelectorAll("table.sorts").forEach((table) => {
		[...table.tHead.rows[0].cells].forEach((th, column) => {
			const button = document.createElement("button");
			button.type = "button";
			button.append(...th.childNodes);
			th.append(button);
			button.addEventListener("click", () => {
				const down = th.getAttribute("aria-sort") === "ascending";
				[...table.tHead.rows[0].cells].forEach((other) => other.removeAttribute("aria-sort"));
				th.setAttribute("aria-sort", down ? "descending" : "ascending");
				const rows = [...table.tBodies[0].rows];
				rows.sort((a, b) => {
					const x = key(a, column), y = key(b, column);
					const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
					return down ? -order : order;
				});
				table.tBodies[0].append(...rows);
			});
		});
	});
})();
