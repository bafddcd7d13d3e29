"use strict";
const $ = (id) => document.getElementById(id);
const conns = new Map(), messages = [];
let shown = [], picked = -1, view = "";
const ROW = 22, TALLEST = 8e6;

// Everything captured goes through make and textContent, never through markup.
function make(tag, text, kind) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
}

// What a screen would not show, or show in another order than it is.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const escaped = (c) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[c] || "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0");
const visible = (s) => s.replace(HIDDEN, escaped);
const visibleLines = (s) => s.replace(HIDDEN, (c) => (c === "\n" || c === "\t" ? c : escaped(c)));

function bytes(m) {
  if (m.base64 !== undefined) return Uint8Array.from(atob(m.base64), (c) => c.charCodeAt(0));
  return new TextEncoder().encode(m.text !== undefined ? m.text : "");
}

function text(m) {
  if (m.text !== undefined) return m.text;
  if (m.type === "close") return m.code === undefined ? "no code" : m.code + (m.reason ? ": " + m.reason : "");
  return new TextDecoder().decode(bytes(m));
}

function preview(m) {
  if (m.text === undefined && m.base64 !== undefined) {
    return Array.from(bytes({ base64: m.base64.slice(0, 64) }), (b) => b.toString(16).padStart(2, "0")).join(" ");
  }
  return visible(text(m).slice(0, 300));
}

const marks = (m) => [m.origin === "observed" ? "" : m.origin, m.incomplete, m.truncated ? "beginning only" : ""].filter(Boolean);
const faults = (m) => [m.violation, m.error].filter(Boolean);
const clock = (t) => t.replace(/^.*T/, "").replace(/Z$/, "").padEnd(9, ".").padEnd(12, "0").slice(0, 12);
const control = (m) => m.type !== "text" && m.type !== "binary";

// Reading: a block at a time, so that the page answers meanwhile.
const blocks = Array.from(document.querySelectorAll("script[type='application/json']"));
function read(i) {
  const until = performance.now() + 30;
  for (; i < blocks.length && performance.now() < until; i++) {
    for (const o of JSON.parse(blocks[i].textContent)) {
      if (o.state === undefined) {
        o.at = Date.parse(o.time);
        messages.push(o);
      } else conns.set(o.conn, o);
    }
    blocks[i].remove();
  }
  if (i < blocks.length) {
    $("count").textContent = "reading " + Math.round((100 * i) / blocks.length) + " %";
    setTimeout(read, 0, i);
    return;
  }
  const all = make("option", "all " + conns.size);
  all.value = "";
  $("conn").append(all);
  for (const c of conns.values()) {
    const o = make("option", "#" + c.conn + " " + visible(c.url) + (c.state === "closed" ? "" : " (" + c.state + ")"));
    o.value = c.conn;
    $("conn").append(o);
  }
  filter();
  document.body.dataset.ready = "yes";
}

function filter() {
  const conn = $("conn").value, from = $("from").value, type = $("type").value;
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const was = shown[picked];
  shown = messages.filter((m) =>
    (!conn || m.conn === +conn) && (!from || m.from === from) && (!type || control(m) === (type === "control")) &&
    (!words.length || has(m, words)));
  picked = was ? shown.indexOf(was) : -1;
  $("count").textContent = shown.length === messages.length ? shown.length + " messages" : shown.length + " of " + messages.length + " messages";
  $("list").scrollTop = 0;
  $("space").style.height = Math.min(shown.length * ROW, TALLEST) + "px";
  if (picked >= 0) reveal();
  draw();
  drawTime();
  if (picked < 0) conn ? showConn(conns.get(+conn)) : empty();
}

function has(m, words) {
  const t = (m.type + " " + text(m)).toLowerCase();
  return words.every((w) => t.includes(w));
}

// The list: only the rows in sight exist. Of more rows than a browser can make
// tall, the scroll bar goes through all of them in larger steps.
const spare = () => Math.max(1, $("space").offsetHeight - $("list").clientHeight);
function first() {
  const top = $("list").scrollTop, room = Math.ceil($("list").clientHeight / ROW);
  if (shown.length * ROW <= TALLEST) return Math.floor(top / ROW);
  return Math.round((top / spare()) * Math.max(0, shown.length - room));
}

let waiting = false;
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const from = first(), to = Math.min(shown.length, from + Math.ceil($("list").clientHeight / ROW) + 2);
    const rows = [];
    for (let i = from; i < to; i++) rows.push(row(i));
    $("rows").style.top = (shown.length * ROW <= TALLEST ? from * ROW : $("list").scrollTop) + "px";
    $("rows").replaceChildren(...rows);
  });
}

function row(i) {
  const m = shown[i], r = make("div", undefined, "row" + (i & 1 ? "" : " alt") + (i === picked ? " picked" : ""));
  const end = make("span", undefined, "payload");
  for (const s of marks(m)) end.append(make("span", "[" + s + "] ", "odd"));
  for (const s of faults(m)) end.append(make("span", "[! " + visible(s) + "] ", "bad"));
  end.append(preview(m));
  r.append(make("span", clock(m.time), "dim"), make("span", "#" + m.conn, "num"), make("span", m.from === "client" ? "→" : "←", m.from),
    make("span", m.type, m.from), make("span", m.size, "num"), end);
  r.addEventListener("click", () => pick(i));
  return r;
}

function reveal() {
  const list = $("list"), room = Math.floor(list.clientHeight / ROW);
  const from = first();
  if (picked >= from && picked < from + room) return;
  const want = Math.max(0, picked - Math.floor(room / 2));
  list.scrollTop = shown.length * ROW <= TALLEST ? want * ROW : (want / Math.max(1, shown.length - room)) * spare();
}

function pick(i) {
  if (i < 0 || i >= shown.length) return;
  picked = i;
  reveal();
  draw();
  drawTime();
  showMessage(shown[i]);
}

function facts(pairs) {
  const dl = make("dl");
  for (const [k, v] of pairs) if (v !== undefined && v !== "" && v !== false) dl.append(make("dt", k), make("dd", visible(String(v))));
  return dl;
}

const empty = () => $("detail").replaceChildren(make("p", "Choose a message: click, or use the arrow keys.", "hint"));

function showConn(c) {
  if (c) $("detail").replaceChildren(connFacts(c), handshake(c));
}

function connFacts(c) {
  return facts([["connection", "#" + c.conn], ["url", c.url], ["state", c.state], ["status", c.status], ["began", c.start], ["ended", c.end],
    ["ended by", c.ended_by], ["how", c.how], ["close code", c.code], ["reason", c.reason], ["subprotocol", c.subprotocol],
    ["extensions", c.extensions], ["client", c.client], ["server", c.server], ["error", c.error]]);
}

function handshake(c) {
  const d = make("details", undefined, "hand");
  d.append(make("summary", "handshake"));
  for (const [name, fields] of [["request", c.request], ["response", c.response]]) {
    d.append(make("p", name, "hint"), facts(fields));
  }
  if (c.body) d.append(make("p", "body", "hint"), make("pre", visibleLines(c.body)));
  d.open = true;
  return d;
}

function showMessage(m) {
  const views = { text: textView, hex: hexView }, tree = parse(m);
  if (tree !== undefined) views.json = () => treeView(tree.value);
  const c = conns.get(m.conn), nav = make("nav"), body = make("div");
  const all = ["json", "text", "hex"].filter((v) => views[v]);
  const choose = (v) => {
    for (const b of nav.children) b.setAttribute("aria-pressed", b.textContent === v);
    body.replaceChildren(views[v](m));
  };
  for (const v of all) {
    const b = make("button", v);
    b.addEventListener("click", () => { view = v; choose(v); });
    nav.append(b);
  }
  const parts = [facts([["message", "#" + m.conn + " " + m.seq + ", " + m.type + " from the " + m.from], ["time", m.time], ["size", m.size + " bytes"],
    ["origin", m.origin === "observed" ? "" : m.origin], ["frames", m.frames > 1 ? m.frames : ""], ["compressed", m.compressed ? "yes, " + m.wire_size + " bytes on the wire" : ""],
    ["incomplete", m.incomplete], ["violation", m.violation], ["error", m.error], ["connection", c ? c.url : ""]])];
  if (m.truncated) parts.push(make("p", "This page holds the beginning of the payload only: " + bytes(m).length + " of " + m.size + " bytes.", "odd"));
  $("detail").replaceChildren(...parts, nav, body);
  choose(views[view] ? view : all[0]);
}

const textView = (m) => make("pre", visibleLines(text(m)));

function hexView(m) {
  const b = bytes(m), lines = [];
  for (let i = 0; i < b.length; i += 16) {
    const part = Array.from(b.subarray(i, i + 16));
    const hex = part.map((x) => x.toString(16).padStart(2, "0")).join(" ");
    lines.push(i.toString(16).padStart(8, "0") + "  " + hex.padEnd(47) + "  " + part.map((x) => (x >= 32 && x < 127 ? String.fromCharCode(x) : ".")).join(""));
  }
  return make("pre", lines.join("\n"), "hex");
}

// Numbers that a float64 does not hold are shown as they were written.
class Exact { constructor(source) { this.source = source; } }
function parse(m) {
  if (control(m)) return undefined;
  const t = text(m), at = t.search(/[[{]/);
  if (at < 0 || at > 16) return undefined;
  try {
    return { value: JSON.parse(t.slice(at), (_, v, c) => (typeof v === "number" && c && c.source && String(v) !== c.source ? new Exact(c.source) : v)) };
  } catch {
    return undefined;
  }
}

function treeView(v) {
  const d = make("div", undefined, "tree");
  d.append(node(undefined, v, 0));
  return d;
}

function node(key, v, depth) {
  const label = key === undefined ? [] : [make("span", visible(String(key)), "k"), ": "];
  if (v === null || typeof v !== "object" || v instanceof Exact) {
    const leaf = make("div", undefined, "leaf");
    const s = v instanceof Exact ? v.source : typeof v === "string" ? visible(JSON.stringify(v)) : String(v);
    leaf.append(...label, make("span", s, typeof v === "string" ? "s" : "n"));
    return leaf;
  }
  const keys = Array.isArray(v) ? v : Object.keys(v), d = make("details"), s = make("summary");
  s.append(...label, make("span", Array.isArray(v) ? "[" + keys.length + "]" : "{" + keys.length + "}", "dim"));
  d.append(s);
  const fill = () => {
    if (d.childElementCount > 1) return;
    const part = [], entries = Array.isArray(v) ? v.entries() : Object.entries(v);
    for (const [k, x] of entries) {
      if (part.length === 5000) { part.push(make("div", "… " + (keys.length - 5000) + " more", "leaf dim")); break; }
      part.push(node(k, x, depth + 1));
    }
    d.append(...part);
  };
  d.addEventListener("toggle", fill);
  if (depth < 2 && keys.length <= 100) { fill(); d.open = true; }
  return d;
}

// The timeline: how many messages in each column, those of the client upwards.
function span() {
  let from = Infinity, to = -Infinity;
  for (const m of shown) { if (m.at < from) from = m.at; if (m.at > to) to = m.at; }
  return [from, Math.max(to, from + 1)];
}
function drawTime() {
  const canvas = $("time"), w = Math.max(1, canvas.clientWidth), h = 56, ratio = window.devicePixelRatio || 1;
  canvas.width = w * ratio;
  canvas.height = h * ratio;
  const g = canvas.getContext("2d"), style = getComputedStyle(document.documentElement), colour = (n) => style.getPropertyValue(n).trim();
  g.scale(ratio, ratio);
  g.fillStyle = colour("--line");
  g.fillRect(0, h / 2, w, 1);
  if (!shown.length) return;
  const [from, to] = span(), columns = Math.ceil(w / 3), up = new Uint32Array(columns), down = new Uint32Array(columns);
  let most = 1;
  for (const m of shown) {
    const x = Math.min(columns - 1, Math.floor(((m.at - from) / (to - from)) * columns)), side = m.from === "client" ? up : down;
    most = Math.max(most, ++side[x]);
  }
  const tall = (n) => (n ? Math.max(2, (Math.log1p(n) / Math.log1p(most)) * (h / 2 - 3)) : 0);
  for (let x = 0; x < columns; x++) {
    g.fillStyle = colour("--client");
    g.fillRect(x * 3, h / 2 - tall(up[x]), 2, tall(up[x]));
    g.fillStyle = colour("--server");
    g.fillRect(x * 3, h / 2 + 1, 2, tall(down[x]));
  }
  if (picked >= 0) {
    g.fillStyle = colour("--odd");
    g.fillRect(((shown[picked].at - from) / (to - from)) * (w - 2), 0, 2, h);
  }
}

$("time").addEventListener("click", (e) => {
  if (!shown.length) return;
  const [from, to] = span(), at = from + (e.offsetX / $("time").clientWidth) * (to - from);
  let best = 0;
  for (let i = 1; i < shown.length; i++) if (Math.abs(shown[i].at - at) < Math.abs(shown[best].at - at)) best = i;
  pick(best);
});
$("list").addEventListener("scroll", draw);
$("list").addEventListener("keydown", (e) => {
  const page = Math.floor($("list").clientHeight / ROW), last = shown.length - 1;
  const to = { ArrowDown: picked + 1, ArrowUp: picked - 1, PageDown: Math.min(last, picked + page), PageUp: Math.max(0, picked - page), Home: 0, End: last }[e.key];
  if (to === undefined) return;
  e.preventDefault();
  pick(to);
});
let typing;
$("find").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(filter, 150); });
for (const id of ["conn", "from", "type"]) $(id).addEventListener("change", filter);
window.addEventListener("resize", () => { draw(); drawTime(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawTime);
read(0);
