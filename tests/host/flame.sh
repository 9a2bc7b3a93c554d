#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The pictures in a real browser: Chromium opens the flame graphs that offcpu writes and the graph of wakeups, the test
# clicks, types and reads back.
# Also the command's own conversions between captures. What the picture looks like is not judged here.
# cost: 30
. "$(dirname "$0")/../lib.sh"

# --- captures as input --------------------------------------------------------------------------------
cat > "$tmp/after.folded" << 'END'
server;main;handle_request;lock_order;futex_wait_[k];schedule_[k];[sleeping] 420000
server;main;handle_request;work;[running] 300000
server;main;handle_request;work;[preempted] 90000
server;main;handle_request;write_log;fsync_[i];ext4_sync_file_[k];[disk] 190000
client;main;nanosleep;hrtimer_nanosleep_[k];[sleeping] 400000
x"<script>document.title='owned'</script>;main;[user stack not walked];[sleeping] 100000
END
cat > "$tmp/before.folded" << 'END'
server;main;handle_request;lock_order;futex_wait_[k];schedule_[k];[sleeping] 120000
server;main;old_path;poll;[sleeping] 480000
client;main;nanosleep;hrtimer_nanosleep_[k];[sleeping] 400000
END
cd "$tmp"
expect "a capture becomes a flame graph" 0 --out '420 ms, 28.0 %' --no-err -- \
	"$schedlab" offcpu --from after.folded --svg plain.svg
expect "two captures become a difference" 0 -- \
	"$schedlab" offcpu --from after.folded --diff before.folded --svg diff.svg
expect "folded text survives the way through JSON" 0 -- \
	sh -c "$schedlab offcpu --from after.folded --json > a.json &&
		$schedlab offcpu --from a.json --folded > again.folded && sort after.folded > x && sort again.folded > y && cmp x y"
expect "speedscope JSON is JSON of the right kind" 0 --out '^https://www.speedscope.app/file-format-schema.json 4$' -- \
	sh -c "$schedlab offcpu --from a.json --speedscope s.json > /dev/null &&
		jq -r '.[\"\$schema\"] + \" \" + (.profiles | length | tostring)' s.json"
expect "a capture that is not there" 2 --err 'no.folded: No such file' -- "$schedlab" offcpu --from no.folded
printf 'main;x\n' > bad.folded
expect "a line without a value" 2 --err 'bad.folded: line 1: expected' -- "$schedlab" offcpu --from bad.folded
printf '{"profile": {"frames": 3}}' > bad.json
expect "JSON that is no capture" 2 --err 'bad.json: not a profile' -- "$schedlab" offcpu --from bad.json
printf '{"profile": [}' > bad.json
expect "JSON that does not parse" 2 --err 'bad.json:1:1[0-9]' -- "$schedlab" offcpu --from bad.json
expect "a full disk is told" 1 --err 'cannot write .*: No (space|such)' -- \
	"$schedlab" offcpu --from after.folded --svg "$tmp/none/x.svg"
expect "a difference wants a picture" 2 --err '--diff needs --svg' -- "$schedlab" offcpu --diff before.folded

cat > wakers.folded << 'END'
server;main;wait_lock;futex_wait_[k];--_[w];try_to_wake_up_[w];holder_[w];client_[w];[sleeping] 120000
server;main;nap;hrtimer_nanosleep_[k];--_[w];hrtimer_interrupt_[w];[irq]_[w];[sleeping] 240000
server;main;work;[preempted] 40000
END
expect "a capture with wakers' stacks becomes a flame graph and speedscope JSON" 0 -- \
	"$schedlab" offcpu --from wakers.folded --svg wakers.svg --speedscope w.json
check_equal "... where wakers' frames are marked, in their order" \
	'["server","main","wait_lock","futex_wait","--_[w]","try_to_wake_up_[w]","holder_[w]","client_[w]"]' \
	"$(jq -c '.shared.frames as $f | [.profiles[].samples[] | [.[] | $f[.].name] | select(any(. == "wait_lock"))][0]' w.json)"

# --- the graph of wakeups -----------------------------------------------------------------------------
# WAKER CONTEXT WAKEE COUNT MEAN_US SAME_CPU
jq -nR '[inputs | split(" ") | {waker: .[0], context: .[1], wakee: .[2], count: (.[3] | tonumber), mean: (.[4] | tonumber * 1000), same: (.[5] | tonumber)}
	| {waker, context, wakee, count, latency_ns: (.count * .mean), min_ns: .mean, max_ns: (3 * .mean), blocked_ns: 0,
		same_cpu: .same, same_cache: 0, other_cache: (.count - .same), slots: [[.mean, .count]], stacks: []}] |
	{schema: "schedlab.wakeups/1", edges: ., losses: {edges: 12}}' > wakeups.json << 'END'
[irq] irq server 5000 6 5000
server task worker 4000 90 1000
worker task writer 3000 1500 0
client task server 2000 30 2000
server task client 2000 30 2000
writer task disk 700 12000 0
x"<script>document.title='owned'</script> task worker 50 70 50
END
expect "a capture of wakeups becomes a picture" 0 --no-out --no-err -- "$schedlab" wakeups --from wakeups.json --svg wakes.svg --title 'T<&>'
expect "... the same one each time" 0 -- sh -c "$schedlab wakeups --from wakeups.json --svg - --title 'T<&>' | cmp - wakes.svg"
expect "... and DOT text" 0 --out 'n0 -> n1 .label="5000 x 6.00 us"' -- "$schedlab" wakeups --from wakeups.json --dot -
expect "what found no room in the table is in the picture" 0 -- grep -q '12 wakeups found no room' wakes.svg
expect "a capture of something else" 2 --err 'a.json: no capture of wakeups: edges' -- "$schedlab" wakeups --from a.json --svg x.svg
expect "an edge that is none" 2 --err 'bad.json: edge 1 is not one' -- \
	sh -c "jq '.edges[1].count = -1' wakeups.json > bad.json; $schedlab wakeups --from bad.json --svg x.svg"
expect "a picture that cannot be written is named, in one line" 1 --err '^schedlab: wakeups: cannot write .*/none/x.svg: No such' -- \
	"$schedlab" wakeups --from wakeups.json --svg "$tmp/none/x.svg"
check_equal "... one" 1 "$(wc -l <<< "$err")"
expect "two documents on one output" 2 --err 'only one of' -- "$schedlab" wakeups --svg - --json
expect "--from wants a picture" 2 --err '--from needs' -- "$schedlab" wakeups --from wakeups.json

# --- the browser ----------------------------------------------------------------------------------------
check "chromium and its driver are installed (build-aux/deps)" \
	sh -c 'command -v chromium && command -v chromedriver && command -v jq && command -v curl'
[ "$status" -eq 0 ] || exit 0

: > driver.log # it is read before its writer may have begun
chromedriver --port=0 > driver.log 2>&1 &
driver=$!
stop_browser() {
	[ -z "${session:-}" ] || curl -sS -m 60 -X DELETE "$base/session/$session" > /dev/null 2>&1 || true
	kill "$driver" 2> /dev/null || true
	wait "$driver" 2> /dev/null || true
}
trap 'stop_browser; on_exit' EXIT

port=
for ((i = 0; i < 1200; i++)); do # up to two minutes
	port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' driver.log)
	[ -z "$port" ] || break
	read -rt 0.1 <> <(:) || true
done
base=http://127.0.0.1:$port

# One WebDriver request: METHOD PATH [JSON]; prints the value.
wd() {
	curl -sS -m 300 -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$base$2" | jq -c '.value'
}

answer=$(wd POST /session "$(jq -n --arg dir "$tmp/profile" '{capabilities: {alwaysMatch: {"goog:chromeOptions":
	{args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1200,600",
	"--user-data-dir=" + $dir]}}}}')")
session=$(jq -r '.sessionId // empty' <<< "$answer")
check "a browser session starts" test -n "$session"
[ -n "$session" ] || { echo "$answer" | cut -c 1-500 | sed 's/^/# /'; exit 0; }

js() { # SCRIPT: the value it returns, as plain text
	wd POST "/session/$session/execute/sync" "$(jq -n --arg s "$1" '{script: $s, args: []}')" | jq -r '.'
}

open_svg() {
	wd POST "/session/$session/url" "$(jq -n --arg u "file://$tmp/$1" '{url: $u}')" > /dev/null
}

element() { # SELECTOR: the element's id
	wd POST "/session/$session/element" "$(jq -n --arg v "$1" '{using: "css selector", value: $v}')" | jq -r '.[]'
}

click() {
	wd POST "/session/$session/element/$(element "$1")/click" '{}' > /dev/null
}

type_in() { # SELECTOR TEXT
	wd POST "/session/$session/element/$(element "$1")/value" "$(jq -n --arg t "$2" '{text: $t}')" > /dev/null
}

press() { # KEY: a character, or a number of WebDriver's key table (E00C is Escape), to whatever has the focus
	local key=$1
	[ ${#key} -eq 1 ] || key=$(jq -nr "\"\\u$key\"")
	wd POST "/session/$session/actions" "$(jq -n --arg k "$key" '{actions: [{type: "key", id: "k", actions:
		[{type: "keyDown", value: $k}, {type: "keyUp", value: $k}]}]}')" > /dev/null
}

frame() { # NAME: a selector of its frame in the shown view
	echo "g.view:not([style*=none]) svg.f[data-n=\"$1\"]"
}

width() { # NAME: the frame's width in pixels, rounded; 0 where hidden
	js "const r = document.querySelector('$(frame "$1")').getBoundingClientRect(); return Math.round(r.width)"
}

shown() { # how many frames are shown
	js "return [...document.querySelectorAll('g.view:not([style*=none]) svg.f')].filter(f => f.style.display !== 'none').length"
}

open_svg plain.svg
check_equal "the SVG is a document without a parse error" svg "$(js 'return document.documentElement.tagName')"
check_equal "all frames are there" 18 "$(shown)"
check_equal "nothing is loaded from elsewhere" 0 "$(js 'return performance.getEntriesByType("resource").length')"
check_equal "a hostile name is text, not script" "x\"<script>document.title='owned'</script>" \
	"$(js 'return [...document.querySelectorAll("svg.f")].find(f => f.dataset.n.startsWith("x")).querySelector("text").textContent')"
check_equal "and did not run" "" "$(js 'return document.title')"
all=$(width all)
check_number "the root has nearly the window's width" "$all > 1100 && $all <= 1200"
lock=$(width lock_order)
check_number "a frame's width is its share" "($lock / $all - 0.28) ^ 2 < 0.00001"
check_equal "running and waiting have colours of their own" true "$(js "
	const fill = (name, state) => getComputedStyle(document.querySelector('svg.f[data-n=\"' + name + '\"] rect.' + state)).fill;
	const warm = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number); return r > b; };
	return warm(fill('work', 'running')) && !warm(fill('lock_order', 'sleeping')) && fill('work', 'preempted') !== fill('work', 'running')")"

# Search.
type_in '#search' 'futex|hrtimer'
check_equal "search tells the matched share" "matched: 54.67 %" "$(js 'return document.querySelector("#matched").textContent')"
check_equal "search marks the frames" "futex_wait hrtimer_nanosleep" \
	"$(js 'return [...document.querySelectorAll("svg.f.hit")].map(f => f.dataset.n).sort().join(" ")')"
press E00C
check_equal "Escape clears the search" "0 " \
	"$(js 'return document.querySelectorAll("svg.f.hit").length + " " + document.querySelector("#search").value')"
type_in '#search' 'write_log('
check_equal "a broken regular expression is taken literally" "" \
	"$(js 'return [...document.querySelectorAll("svg.f.hit")].map(f => f.dataset.n).join(" ")')"
press E00C

# Zoom by click and back.
click "$(frame handle_request)"
check_equal "zoom gives the frame the whole width" "$all" "$(width handle_request)"
check_equal "what it stands on stays, whole" "$all" "$(width server)"
check_equal "what is beside it goes" 0 "$(width client)"
check_number "what stands on it grows" "($(width lock_order) / $all - 0.42) ^ 2 < 0.00001"
type_in '#search' 'lock_order'
check_equal "the matched share is of what is shown" "matched: 42.00 %" \
	"$(js 'return document.querySelector("#matched").textContent')"
press E00C
click '#reset'
check_equal "reset brings all back" "18 $lock" "$(shown) $(width lock_order)"

# Keyboard alone: from the root up the tower, zoom, and out again.
js 'document.querySelector("svg.f[tabindex=\"0\"]").focus()' > /dev/null
press E013
check_match "an arrow key moves the focus, and tells what it found" '^client · 400 ms, 26.67 %' \
	"$(js 'return document.querySelector("#details").textContent')"
press E014
check_match "another moves along the row" '^server · 1.00 s' "$(js 'return document.querySelector("#details").textContent')"
press E007
check_equal "Enter zooms" "$all 0" "$(width server) $(width client)"
press E00C
check_equal "Escape zooms out" 18 "$(shown)"
press /
check_equal "a slash goes to the search field" search "$(js 'return document.activeElement.id')"

# Wakers' stacks on top of those that waited.
open_svg wakers.svg
check_equal "wakers' frames are aqua, the waiting ones blue" true "$(js "
	const c = n => getComputedStyle(document.querySelector('svg.f[data-n=\"' + n + '\"] rect')).fill.match(/[0-9.]+/g).map(Number);
	const w = c('holder'), s = c('futex_wait'); return w[1] > w[0] + 40 && Math.abs(w[1] - w[2]) < 20 && s[2] > s[1] + 40")"
check_match "... which the legend says" 'who ended the wait' "$(js 'return [...document.querySelectorAll(".sub")].map(t => t.textContent).join("|")')"
type_in '#search' '^client$'
check_equal "... and search finds who ended waits, by their share" "matched: 30.00 %" "$(js 'return document.querySelector("#matched").textContent')"
press E00C

# The difference.
open_svg diff.svg
check_equal "the difference shows the second capture first" "true false" \
	"$(js "return !!document.querySelector('$(frame lock_order)') + ' ' + !!document.querySelector('$(frame old_path)')")"
check_equal "more is red, less or equal is not" true "$(js "
	const c = n => getComputedStyle(document.querySelector('$(frame NAME)'.replace('NAME', n)).querySelector('rect')).fill.match(/[0-9.]+/g).map(Number);
	const more = c('lock_order'), same = c('nanosleep'); return more[0] > more[2] + 50 && same[0] === same[2]")"
press d
check_equal "the other direction shows what has gone, in blue" true "$(js "
	const [r, g, b] = getComputedStyle(document.querySelector('$(frame old_path)').querySelector('rect')).fill.match(/[0-9.]+/g).map(Number);
	return b > r + 50")"
check_number "with the widths of the first capture" "($(width old_path) / $(width all) - 0.48) ^ 2 < 0.00001"
check_match "and says so" 'before.folded \(before\)' "$(js 'return document.querySelector("#direction").textContent')"
click '#swap'
check_match "and back" 'after.folded \(after\)' "$(js 'return document.querySelector("#direction").textContent')"

# Who wakes whom.
node() { # NAME SIDE
	echo "svg.node[data-side=$2][data-n=\"$1\"]"
}
edges_shown() { # the pairs that are shown, by name
	js "const n = i => document.querySelector('svg.node[data-node=\"' + i + '\"]').dataset.n;
		return [...document.querySelectorAll('#wakes g.edge')].filter(e => e.style.display !== 'none')
			.map(e => n(e.dataset.from) + '>' + n(e.dataset.to)).sort().join(' ')"
}
details() {
	js 'return document.querySelector("#wakes-details").textContent'
}
view_box() {
	js 'return document.querySelector("#wakes").getAttribute("viewBox")'
}
open_svg wakes.svg
check_equal "the wake graph is a document without a parse error" svg "$(js 'return document.documentElement.tagName')"
check_equal "it loads nothing" 0 "$(js 'return performance.getEntriesByType("resource").length')"
check_equal "its title is text" 'T<&>' "$(js 'return document.querySelector(".title").textContent')"
check_equal "it has a name and a description for those who do not see it" true \
	"$(js 'return document.documentElement.firstElementChild.textContent.length > 5 && document.querySelector("desc").textContent.length > 50')"
check_equal "a hostile name is text there too" "x\"<script>document.title='owned'</script>" \
	"$(js 'return [...document.querySelectorAll("svg.node")].find(f => f.dataset.n.startsWith("x")).querySelector("text").textContent')"
check_equal "seven edges, eleven nodes, all with their labels" "7 11 7" "$(js "const v = s => [...document.querySelectorAll(s)]
	.filter(e => getComputedStyle(e).display !== 'none').length; return v('#wakes g.edge') + ' ' + v('svg.node') + ' ' + v('text.label')")"
check_equal "an interrupt's frame is dashed, a task's is not" "4px, 2px none" \
	"$(js "const d = n => getComputedStyle(document.querySelector('svg.node[data-n=\"' + n + '\"] rect')).strokeDasharray; return d('[irq]') + ' ' + d('client')")"
check_equal "late is red, early is green; often is thick" true "$(js "
	const e = (f, t) => [...document.querySelectorAll('#wakes g.edge')].find(x => x.querySelector('title').textContent.startsWith(f + ' wakes ' + t));
	const c = x => getComputedStyle(x).stroke.match(/[0-9.]+/g).map(Number), w = x => parseFloat(getComputedStyle(x).strokeWidth);
	const late = e('writer', 'disk'), early = e('[irq]', 'server');
	return c(late)[0] > 100 && c(late)[1] < 50 && c(early)[1] > 100 && c(early)[0] < 50 && w(early) > 2 * w(late)")"
type_in '#search' 'wor.er'
check_equal "search tells the share of wakeups" "matched: 42.09 % of wakeups" "$(js 'return document.querySelector("#wakes-matched").textContent')"
check_equal "... and marks the tasks" "worker worker" \
	"$(js 'return [...document.querySelectorAll("svg.node.hit")].map(f => f.dataset.n).join(" ")')"
press E00C
check_equal "Escape clears the search" "0  " "$(js 'return document.querySelectorAll("svg.node.hit").length + " " +
	document.querySelector("#search").value + " " + document.querySelector("#wakes-matched").textContent')"
click "$(node worker wakee)"
check_equal "a click shows one task's edges alone, as waker and as wakee" \
	"server>worker worker>writer x\"<script>document.title='owned'</script>>worker" "$(edges_shown)"
check_equal "... and moves the rows together, curves with them" "24 M280 33C470 33 470 33 660 33" "$(js "
	const e = [...document.querySelectorAll('#wakes g.edge')].find(x => x.querySelector('title').textContent.startsWith('worker wakes'));
	return e.from.getAttribute('y') + ' ' + e.querySelector('path').getAttribute('d')")"
click '#wakes-reset'
check_equal "the way back shows all" 7 "$(edges_shown | sed 's/document.title=//' | wc -w)"
js "document.querySelector('$(node server waker)').focus()" > /dev/null
check_match "the keyboard: a task tells what it is" '^server .+ wakes 6000 times$' "$(details)"
press E014
check_match "an arrow leads to its busiest edge, with count, latency and place" \
	'^server wakes worker .+ 4000 times .+ latency mean 90.0 us, p99 at most 131 us, max 270 us .+ 25.0 % onto the waker.s CPU, 0.0 % onto its cache.s, 75.0 % elsewhere$' "$(details)"
press E015
check_match "another to the next of its edges" '^server wakes client .+ 2000 times' "$(details)"
press E014
check_match "and on to its other end" '^client .+ is woken 2000 times' "$(details)"
press E007
check_equal "Enter shows that task alone" "client>server server>client" "$(edges_shown)"
press E00C
check_equal "Escape shows all" 7 "$(edges_shown | sed 's/document.title=//' | wc -w)"
whole=$(view_box)
press +
press +
check_number "plus zooms" "$(view_box | cut -d' ' -f3) < 0.65 * $(cut -d' ' -f3 <<< "$whole")"
js "document.querySelector('#wakes').dispatchEvent(new WheelEvent('wheel', {deltaY: -1, ctrlKey: true, bubbles: true, cancelable: true, clientX: 20, clientY: 100}))" > /dev/null
check_number "the wheel with Ctrl zooms further" "$(view_box | cut -d' ' -f3) < 0.52 * $(cut -d' ' -f3 <<< "$whole")"
at=$(view_box | cut -d' ' -f1)
js "const c = document.querySelector('#wakes'), o = (x, b) => ({clientX: x, clientY: 150, buttons: b, bubbles: true});
	c.dispatchEvent(new PointerEvent('pointerdown', o(400, 1))); c.dispatchEvent(new PointerEvent('pointermove', o(300, 1)));
	c.dispatchEvent(new PointerEvent('pointerup', o(300, 0)))" > /dev/null
check_number "dragging moves" "$(view_box | cut -d' ' -f1) > $at + 20"
press 0
check_equal "0 shows the whole" "$(tr ' ' '\n' <<< "$whole" | xargs printf '%.2f ')" "$(view_box) "
press /
check_equal "a slash goes to the search field" search "$(js 'return document.activeElement.id')"

# A picture for whoever wants to look: SCREENSHOT=FILE, and FILE.wakes.png.
if [ -n "${SCREENSHOT:-}" ]; then
	type_in '#search' server
	wd GET "/session/$session/screenshot" | jq -r . | base64 -d > "$SCREENSHOT.wakes.png"
	open_svg plain.svg
	type_in '#search' futex
	wd GET "/session/$session/screenshot" | jq -r . | base64 -d > "$SCREENSHOT"
fi
