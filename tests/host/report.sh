#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `schedlab report`: the page's numbers, its safety with hostile names, its tables; and where Chromium and its driver
# are installed (make deps), the page in a headless browser: no error, no request, right plots.
. "$(dirname "$0")/../lib.sh"

make_results=$root/build/tests/bench/make_results
# shellcheck disable=SC2016
hostile='</script><img src=x onerror=alert(1)>&"$(id)`'
mkdir "$tmp/in"
"$make_results" "$tmp/in/default" default 8 1000 1 20000
"$make_results" "$tmp/in/fast" fast 8 800 1 20000
"$make_results" "$tmp/in/hostile" "$hostile" 8 1100 1 20000
jq 'del(.checksum) | .validity = {"valid": false, "reasons": ["the scheduler was ejected: <b>stall</b>"]}' \
	"$tmp/in/fast/000003.json" > "$tmp/ejected.json"
# A run that recorded graphs, with a real flame graph beside it.
mkdir "$tmp/graphs"
jq 'del(.checksum) | .cell.graphs = true | .host = {"started_unix_s": 1800000000, "wall_s": 12.5, "load_before": 0.5,
	"load_after": 1, "steal_share": 0.25, "environment": {"governor": null, "mitigations": {"mds": "Not affected", "l1tf": "<b>Vulnerable"}},
	"guest": {"qemu": "QEMU emulator version 10", "machine": ["-smp", "2"]}}' \
	"$tmp/in/fast/000001.json" > "$tmp/graphs/fast.json"
printf 'web;main;read;sleep_here 50000\nweb;main;lock 20000\n' > "$tmp/folded"
"$schedlab" offcpu --from "$tmp/folded" --svg "$tmp/graphs/fast.offcpu.svg" > /dev/null
runs=("$tmp/in" "$tmp/ejected.json" "$tmp/graphs")
page=$tmp/report.html

expect "a page and its tables" 0 --out 'fast +8 +160000' --err 'wrote .*report.html' -- \
	"$schedlab" report --no-checksum "${runs[@]}" -o "$page" --title 'A <title> & more'
check_match "the run that is not valid is told, not counted" 'ejected.json: the scheduler was ejected' "$out"
check "the page is there" test -s "$page"
check_not "no address in it, but in the library's own comments" grep -qE '(src|href)="?(https?:)?//' "$page"
check_match "requests are forbidden to the browser" "default-src 'none'" "$(head -c 500 "$page")"
check_not "no hostile tag got through" grep -q '<img src=x' "$page"
check_not "nor a hostile reason" grep -q '<b>stall' "$page"
check_match "they are shown as text" '&lt;/script&gt;&lt;img src=x' "$(grep -m 1 'img src=x' "$page" | head -c 3000)"
check_match "the title is escaped" '<title>A &lt;title&gt; &amp; more</title>' "$(grep -m 1 '<title>' "$page")"
# The embedded numbers are those of the files: the p50 of a merged histogram, by the histogram's own definition.
data=$(sed -n 's/.*<script type="application\/json" id="data">\(.*\)<\/script>.*/\1/p' "$page")
check_equal "three series" 3 "$(jq '.workloads[0].metrics[0].series | length' <<< "$data")"
check_equal "the count of the valid runs" 160000 "$(jq '.workloads[0].metrics[0].series[] | select(.label == "fast").count' <<< "$data")"
p50=$(jq '.workloads[0].metrics[] | select(.name == "wakeup").series[] | select(.label == "default").curve[] | select(.[0] == 0.5)[1]' <<< "$data")
want=$(jq -s '[.[].metrics.wakeup.buckets[]] | group_by(.[0]) | map([.[0][0], (map(.[1]) | add)]) as $b
	| ($b | map(.[1]) | add) as $n
	| (reduce $b[] as $x ({seen: 0, at: null}; if .at then . else .seen += $x[1] | if .seen * 2 >= $n then .at = $x[0] else . end end)) | .at
	| . as $i | (($i / 128 | floor) - 1) as $e | (128 + $i % 128 + 1) * pow(2; $e) - 1' "$tmp"/in/default/*.json)
check_number "the median is that of the files ($p50, $want)" "$p50 == $want"
shares=$(jq '[.workloads[0].metrics[0].series[0].hist[][1]] | add' <<< "$data")
check_number "the shares of a histogram add up to one ($shares)" "$shares > 0.999999 && $shares < 1.000001"
expect "a page of one run, with the host around it" 0 -- "$schedlab" report -q --no-checksum "$tmp/graphs" -o "$tmp/one.html"
facts=$(sed -n '/<caption>The host around it/,/<\/table>/s/<[^>]*>/ /gp' "$tmp/one.html" | tr -s ' \n' ' ')
check_match "the environment is words, not JSON" 'governor not known mitigations mds: Not affected; l1tf: &lt;b&gt;Vulnerable' "$facts"
check_match "with load, steal, QEMU and its arguments" \
	'load_before 0\.5 load_after 1 steal_share 0\.25 qemu QEMU emulator version 10 qemu_arguments -smp 2' "$facts"
expect "a baseline that is not there" 2 --err "no run of 'slow'" -- "$schedlab" report "$tmp/in" --baseline slow -o "$page"
expect "no folder" 2 --err 'no folder of results' -- "$schedlab" report
expect "a folder that does not exist" 2 --err 'No such file' -- "$schedlab" report "$tmp/none"
expect "a page that cannot be written" 1 --err 'No such file' -- "$schedlab" report -q "$tmp/in" -o "$tmp/none/report.html"

# --- in a browser -----------------------------------------------------------------------------------------------
if ! command -v chromium > /dev/null || ! command -v chromedriver > /dev/null || ! command -v curl > /dev/null; then
	skip "the page in a headless browser" "chromium, chromium-driver or curl is not installed (make deps)"
	exit 0
fi
: > "$tmp/driver.log" # it is read before its writer may have begun
chromedriver --port=0 > "$tmp/driver.log" 2>&1 &
driver=$!
stop_driver() {
	[ -z "${session:-}" ] || curl -s -m 20 -X DELETE "$base/session/$session" > /dev/null || true
	kill $driver 2> /dev/null || true
}
trap 'stop_driver; on_exit' EXIT
for _ in $(seq 600); do
	port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$tmp/driver.log")
	[ -z "$port" ] || break
	sleep 0.1
done
base=http://127.0.0.1:$port
# web METHOD PATH [JSON]: the value of the driver's answer
web() {
	curl -s -m 120 --noproxy '*' -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$base/$2" | jq -r .value
}
script() {
	web POST "session/$session/execute/sync" "$(jq -n --arg s "$1" '{script: $s, args: []}')"
}
session=$(web POST session "$(jq -n --arg profile "$tmp/profile" '{capabilities: {alwaysMatch: {
	"goog:loggingPrefs": {browser: "ALL", performance: "ALL"},
	"goog:chromeOptions": {args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--window-size=1280,1000", "--user-data-dir=\($profile)"]}}}}')" | jq -r '.sessionId // empty' 2> /dev/null || true)
if [ -z "$session" ]; then
	skip "the page in a headless browser" "chromium does not start here: $(tail -n 1 "$tmp/driver.log")"
	exit 0
fi
"$schedlab" report -q --no-checksum "${runs[@]}" -o "$page" 2> /dev/null
check_equal "the page opens" null "$(web POST "session/$session/url" "{\"url\":\"file://$page\"}")"
frames() {
	web POST "session/$session/goog/cdp/execute" '{"cmd":"Target.getTargets","params":{}}' |
		jq '[.targetInfos[] | select(.type == "iframe" and (.url | startswith("data:image/svg+xml")))] | length'
}
check_equal "the graph is a document of its own" 1 "$(frames)"
check_equal "all plots are drawn" "6 6" "$(script 'return window.schedlabCharts.length + " " + document.querySelectorAll("canvas").length')"
check_equal "no error on the console" '[]' "$(web POST "session/$session/se/log" '{"type":"browser"}' | jq -c .)"
# The browser fetches parts of its own (chrome:) for its empty first page.
check_equal "no request but the page itself" "" "$(web POST "session/$session/se/log" '{"type":"performance"}' |
	jq -r '.[].message | fromjson | .message | select(.method == "Network.requestWillBeSent").params.request.url' |
	grep -vE '^(file://.*/report.html|data:|chrome:)' || true)"
check_equal "the plotted median is the file's" "$p50" \
	"$(script 'return window.schedlabCharts[0].data.datasets.find((d) => d.label === "default").data.find((p) => p.q === 0.5).y')"
ratio=$(jq '.workloads[0].metrics[] | select(.name == "wakeup").shift[] | select(.label == "fast").rows[] | select(.[0] == 0.5)[1]' <<< "$data")
wakeup='window.schedlabCharts[[...document.querySelectorAll("canvas")].findIndex((c) => c.getAttribute("aria-label").startsWith("Shift") && c.closest("section").querySelectorAll("h3")[Number(c.id.split("-")[2])].textContent === "wakeup")]'
shifted=$(script "return $wakeup.data.datasets.find((d) => d.label === 'fast').data.find((p) => p.x === 50).y")
check_number "the plotted shift is the data's ($shifted, $ratio)" "$shifted > 100 * ($ratio - 1) - 1e-6 && $shifted < 100 * ($ratio - 1) + 1e-6"
shares=$(script 'return window.schedlabCharts[1].data.datasets.find((d) => d.label === "fast").data.reduce((sum, p) => sum + p.y, 0)')
check_number "the plotted histogram adds up to 100 % ($shares)" "$shares > 99.9999 && $shares < 100.0001"
check_equal "the timeline has the one run with a clock" "1 run 26" \
	"$(script 'const b = document.querySelectorAll(".timeline .bar"); return b.length + " " + b[0].title.split(":")[0]')"
check_equal "the hostile name is text in the page" "$hostile" \
	"$(script 'return [...document.querySelectorAll("td.text")].map((t) => t.textContent).find((t) => t.includes("script"))')"
sorted='const t = document.querySelectorAll("table.sorts")[1]; const b = t.tHead.rows[0].cells[4].querySelector("button"); '
check_equal "a table sorts by a click, and says so" "ascending fast" \
	"$(script "$sorted b.click(); return b.parentNode.getAttribute('aria-sort') + ' ' + t.tBodies[0].rows[0].cells[0].textContent")"
check_equal "and the other way by a second" "descending $hostile" \
	"$(script "$sorted b.click(); return b.parentNode.getAttribute('aria-sort') + ' ' + t.tBodies[0].rows[0].cells[0].textContent")"
check_equal "every button is reached by the keyboard, every plot has a description" true \
	"$(script 'return [...document.querySelectorAll("canvas")].every((c) => c.getAttribute("aria-label")) && [...document.querySelectorAll("th button")].every((b) => b.tabIndex === 0)')"
script "$sorted b.focus(); return 0" > /dev/null
web POST "session/$session/actions" '{"actions":[{"type":"key","id":"keys","actions":[{"type":"keyDown","value":"\uE007"},{"type":"keyUp","value":"\uE007"}]}]}' > /dev/null
check_equal "the Enter key sorts too" "ascending fast" \
	"$(script "$sorted return b.parentNode.getAttribute('aria-sort') + ' ' + t.tBodies[0].rows[0].cells[0].textContent")"
check_equal "the first Tab leads to the link that skips to the results" "#w0" "$(
	script 'document.activeElement.blur(); window.scrollTo(0, 0); return 0' > /dev/null
	web POST "session/$session/refresh" '{}' > /dev/null
	web POST "session/$session/actions" '{"actions":[{"type":"key","id":"keys","actions":[{"type":"keyDown","value":"\uE004"},{"type":"keyUp","value":"\uE004"}]}]}' > /dev/null
	script 'return document.activeElement.getAttribute("href")')"
# emulate MEDIA SCHEME
emulate() {
	web POST "session/$session/goog/cdp/execute" "{\"cmd\":\"Emulation.setEmulatedMedia\",\"params\":{\"media\":\"$1\",
		\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"$2\"}]}}" > /dev/null
}
# The relative luminances of text and paper (WCAG 2.1) give their contrast; 4.5 is the least for text.
contrast='const l = (c) => c.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
	.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const s = getComputedStyle(document.body), a = l(s.color), b = l(s.backgroundColor);
	return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) > 4.5 ? (b < 0.1 ? "dark paper" : "light paper") : "no contrast";'
emulate screen light
check_equal "light where the reader wants it" "light paper" "$(script "$contrast")"
emulate screen dark
check_equal "dark where the reader wants it" "dark paper" "$(script "$contrast")"
lines='const l = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16) / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
	.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const paper = l(getComputedStyle(document.documentElement).getPropertyValue("--panel").trim());
	return Math.min(...schedlabCharts[0].data.datasets.map((d) => l(d.borderColor)).map((v) => (Math.max(v, paper) + 0.05) / (Math.min(v, paper) + 0.05)));'
least=$(script "$lines")
check_number "the plots' lines stand out from dark paper by 3:1 ($least)" "$least >= 3"
check_equal "and the plots' text with it" true \
	"$(script 'return Chart.defaults.color === getComputedStyle(document.documentElement).getPropertyValue("--ink").trim()')"
printed='return [Chart.defaults.color, schedlabCharts.length, document.querySelectorAll("details:not([open])").length > 0].join(" ")'
check_equal "before it prints, the plots turn black on white and what is folded opens" "#000 6 false" \
	"$(script "dispatchEvent(new Event('beforeprint')); $printed")"
check_equal "after it, all is as before" "#e6edf3 6 true" "$(script "dispatchEvent(new Event('afterprint')); $printed")"
emulate print dark
check_equal "paper is light whatever the reader's setting" "light paper" "$(script "$contrast")"
cut='document.body.style.width = "30rem"; // narrower than what was drawn for the screen, as a page is
	const edge = (e) => e.getBoundingClientRect().right, count = [...document.querySelectorAll("canvas, pre")].filter((e) =>
		edge(e) > edge(e.closest("figure") || document.body) || e.scrollWidth > e.clientWidth).length;
	document.body.style.width = ""; return count;'
check_equal "no plot and no command is cut by the page's edge" 0 "$(script "$cut")"
emulate '' ''
check_number "... as they are on a screen" "$(script "$cut") > 0"
check_match "it prints" '^JVBERi' "$(web POST "session/$session/print" '{}' | head -c 20)"
web POST "session/$session/window/rect" '{"width":400,"height":800}' > /dev/null
check_equal "on a narrow screen nothing sticks out" true \
	"$(script 'return document.documentElement.scrollWidth <= document.documentElement.clientWidth')"
check_equal "and no two labels of an axis touch" "" "$(script 'return schedlabCharts.flatMap((c) => {
	const x = c.scales.x, at = x.ticks.map((t, i) => [t.label, x.getPixelForTick(i)]).filter(([label]) => label);
	c.ctx.font = Chart.helpers ? Chart.helpers.toFont(x.options.ticks.font).string : "12px sans-serif";
	const width = ([label]) => c.ctx.measureText(label).width;
	return at.slice(1).filter((t, i) => t[1] - at[i][1] < (width(t) + width(at[i])) / 2 + 2).map((t) => c.canvas.id + ": " + t[0]);
}).join(", ")')"
check_equal "a table's caption can be read without scrolling" true "$(script 'return [...document.querySelectorAll("caption")].every((c) => {
	const r = document.createRange();
	r.selectNodeContents(c);
	return r.getBoundingClientRect().right <= document.documentElement.clientWidth;
})')"
check_equal "headings step down one by one" true "$(script 'return [...document.querySelectorAll("h1, h2, h3")].map((h) => Number(h.tagName[1]))
	.every((n, i, all) => (i === 0 ? n === 1 : n <= all[i - 1] + 1))')"
check_equal "tables, graphs and marks have names, columns have scopes, what scrolls is reached by Tab" true "$(script 'return document.documentElement.lang === "en" &&
	[...document.querySelectorAll("table")].every((t) => t.caption || t.getAttribute("aria-label")) &&
	[...document.querySelectorAll("thead th")].every((t) => t.scope === "col") && [...document.querySelectorAll("iframe")].every((f) => f.title) &&
	[...document.querySelectorAll(".scroll")].every((s) => s.tabIndex === 0 && s.getAttribute("aria-label")) && document.querySelectorAll("main").length === 1')"
