// What Custody's offline pages share: words in two languages, elements made without HTML text, files, the checking module, errors, downloads.
"use strict";

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const list = (value) => (Array.isArray(value) ? value : []);

// ---- Words

const words = {
  skip: { zh: "跳到正文", en: "Skip to content" },
  offline: { zh: "本页完全离线：文件只在您自己的浏览器里读取，不发送任何内容，也不保存任何记录。",
    en: "This page works offline: files are read only in your own browser, nothing is sent and nothing is kept." },
  choose: { zh: "选择文件", en: "Choose a file" },
  orDrop: { zh: "或把文件拖到这里", en: "or drop it here" },
  copy: { zh: "复制", en: "Copy" },
  copied: { zh: "已复制", en: "Copied" },
  print: { zh: "打印", en: "Print" },
  wrong: { zh: "有问题需要处理", en: "There is a problem" },
  errorTitle: { zh: "错误：", en: "Error: " },
  code: { zh: "代码", en: "Code" },
  colon: { zh: "：", en: ": " },
  comma: { zh: "、", en: ", " },
  large: { zh: "文件超过 2 GB，浏览器装不下。请在终端运行 `{command}`，结果相同。",
    en: "The file is larger than 2 GB, more than a browser can hold. Run `{command}` in a terminal; the result is the same." },
  keyFileHint: { zh: "通常名为 `….key`。它只在本页打开，不会发送。", en: "Usually named `….key`. It is opened in this page only and never sent." },
  keyMissing: { zh: "请选择密钥文件", en: "Choose the key file" },
  passphrase: { zh: "密钥口令", en: "Passphrase of the key" },
  passMissing: { zh: "请输入密钥口令", en: "Enter the passphrase of the key" },
  kid: { zh: "密钥编号", en: "Key id" },
  checkNumber: { zh: "核对号", en: "Check number" },
  caseId: { zh: "案件", en: "Case" },
  origin: { zh: "日志", en: "Ledger" },
  unreadable: { zh: "读不到这个文件。它可能已被移动、改动，或正被其他程序占用；请重新选择。",
    en: "The file cannot be read. It may have been moved or changed, or another program holds it; choose it again." },
  memory: { zh: "浏览器的内存不够处理这个文件。请关闭其他标签页再试，或在终端使用 `custody`。",
    en: "The browser has not enough memory for this file. Close other tabs and try again, or use `custody` in a terminal." },
  trap: { zh: "核对程序中途停止，没有得出结果，文件没有改动。可以再试一次；若仍如此，请在终端使用 `custody`。",
    en: "The checking program stopped before it had an answer; your file is unchanged. Try again; if it happens again, use `custody` in a terminal." },
  module: { zh: "这个浏览器无法运行页内的核对程序。请换用较新的浏览器打开本页，或在终端使用 `custody`。",
    en: "This browser cannot run the checking program inside this page. Open the page in a newer browser, or use `custody` in a terminal." },
};

let lang = "zh";
let draw = () => {};

/** The words of a table key, with its {names} filled in, or of a {zh, en} pair as it stands. */
function say(what, values = {}) {
  if (typeof what !== "string") return String((what && (what[lang] ?? what.zh ?? what.en)) ?? "");
  return words[what][lang].replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

/** Text as nodes: what stands between backticks is code. */
const prose = (text) => text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));

/** An element; attributes that are functions listen, those that are null or false are left out, children are nodes or plain text. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

/** Puts every word of the page into the chosen language, then draws what the page's own state shows. */
function translate() {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-t]")) element.replaceChildren(...prose(say(element.dataset.t)));
  const other = $("language");
  other.textContent = lang === "zh" ? "English" : "中文";
  other.lang = lang === "zh" ? "en" : "zh-CN";
  draw();
  drawErrors();
}

/** Starts a page: its drawing function, and the language to begin with. */
function begin(drawing, language) {
  draw = drawing;
  lang = /^zh/i.test(language || "zh") ? "zh" : "en";
  $("language").hidden = false;
  $("language").addEventListener("click", () => {
    lang = lang === "zh" ? "en" : "zh";
    translate();
  });
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button, $(button.dataset.copy)));
  translate();
}

// ---- Figures

const count = (n) => (typeof n === "number" ? new Intl.NumberFormat(lang === "zh" ? "zh-CN" : "en").format(n) : String(n ?? "–"));
const groups = (hex) => String(hex ?? "").replace(/^sha256:/, "").replace(/(.{4})(?=.)/g, "$1 ");
const digest = (hex) => h("span", { class: "digest" }, groups(hex));
const joined = (texts) => list(texts).join(say("comma"));

/** A moment as day, time and zone of this device. */
function stamp(moment) {
  const two = (n) => String(n).padStart(2, "0");
  const zone = -moment.getTimezoneOffset();
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${two(moment.getHours())}:${two(moment.getMinutes())} `
    + `${zone < 0 ? "−" : "+"}${two(Math.floor(Math.abs(zone) / 60))}:${two(Math.abs(zone) % 60)}`;
}

/** A size in bytes, in the unit that reads best. */
function size(bytes) {
  let [n, unit] = [bytes, 0];
  while (n >= 1000 && unit < 4) [n, unit] = [n / 1000, unit + 1];
  return `${count(Number(n.toFixed(unit ? 1 : 0)))} ${["B", "kB", "MB", "GB", "TB"][unit]}`;
}

/** A list of names and values; values that are null are left out. */
const facts = (...pairs) => pairs.filter(([, v]) => v !== null && v !== undefined && v !== "").map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);

/** A table whose parts keep their roles when a narrow screen stacks its rows. */
function table(caption, heads, rows, kind = "stack") {
  const head = heads.map(([text, css]) => h("th", { scope: "col", role: "columnheader", class: css }, text));
  const line = (cells) => h("tr", { role: "row" }, cells.map((cell, i) => {
    const [label, css] = heads[i] ?? [""];
    const first = i === 0 && kind === "stack";
    return h(first ? "th" : "td", { scope: first && "row", role: first ? "rowheader" : "cell", class: css, "data-label": label }, h("div", {}, cell));
  }));
  return h("div", { class: `scroll ${kind}`, tabindex: 0, role: "region", "aria-label": caption },
    h("table", { role: "table", class: kind }, h("caption", {}, caption), h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
      h("tbody", { role: "rowgroup" }, rows.map(line))));
}

// ---- Errors

class Refusal extends Error {
  constructor(code, both) {
    super(code);
    Object.assign(this, { code, both: both ?? words[code] });
  }
}

let faults = [];

/** Shows what is wrong at the head of a form: [{at: id of the field or null, words: key or pair, values, code}]. */
function complain(found, form) {
  faults = found;
  form.prepend($("errors"));
  drawErrors();
  if (found.length) $("errors").focus();
}

/** Names what describes a field: its hint, if it has one, and its error. */
function describe(field, error = "") {
  field.setAttribute("aria-describedby", `${$(`${field.id}-hint`) ? `${field.id}-hint` : ""} ${error}`.trim());
}

function drawErrors() {
  for (const old of document.querySelectorAll("p.error")) old.remove();
  for (const field of document.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    describe(field);
  }
  const text = (fault) => prose(say(fault.words, fault.values));
  for (const fault of faults.filter((f) => f.at)) {
    const field = $(fault.at);
    field.setAttribute("aria-invalid", "true");
    describe(field, `${fault.at}-error`);
    (field.closest(".field, fieldset") ?? field.parentElement).append(h("p", { class: "error", id: `${fault.at}-error` }, text(fault)));
  }
  const item = (fault) => h("li", {}, fault.at ? h("a", { href: `#${fault.at}`, click: (event) => { event.preventDefault(); $(fault.at).focus(); } }, text(fault)) : text(fault),
    fault.code && h("span", { class: "quiet small" }, ` ${say("code")} `, h("code", {}, fault.code)));
  $("errors").hidden = !faults.length;
  $("errors").replaceChildren(...(faults.length ? [h("h2", {}, say("wrong")), h("ul", {}, faults.map(item))] : []));
  document.title = (faults.length ? say("errorTitle") : "") + say("title");
}

// ---- Files

/** Makes an input of files take a dropped file too, and tells its name; `changed` hears of each new choice. */
function picker(id, changed = () => {}) {
  const [input, zone] = [$(id), $(id).closest(".drop")];
  const chosen = () => {
    const file = input.files[0];
    zone.querySelector("output").textContent = file ? `${file.name} · ${size(file.size)}` : "";
    changed(file);
  };
  input.addEventListener("change", chosen);
  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, () => zone.classList.add("over"));
  zone.addEventListener("dragleave", (event) => zone.classList.toggle("over", zone.contains(event.relatedTarget)));
  zone.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    chosen();
  });
}

/** The text of a chosen file. */
const textOf = (file) => file.text().catch(() => { throw new Refusal("unreadable"); });

let given = [];

/** Makes a link save these contents under that name, without a path or signs that a file name cannot have. */
function offer(link, name, contents, type = "application/json") {
  const url = URL.createObjectURL(new Blob([contents], { type }));
  given = given.filter(([l, old]) => l !== link || URL.revokeObjectURL(old));
  given.push([link, url]);
  link.href = url;
  link.download = name.replace(/^.*[/\\]/, "").replace(/[\u0000-\u001f\u007f<>:"|?*\u202a-\u202e\u2066-\u2069]/g, "_") || "file";
  return link;
}

/** Copies a text area, also where the clipboard's newer door is closed. */
async function copy(button, area) {
  area.select();
  try {
    await navigator.clipboard.writeText(area.value);
  } catch {
    document.execCommand("copy");
  }
  button.textContent = say("copied");
  setTimeout(() => { button.textContent = say("copy"); }, 2000);
}

// ---- The checking module

const LARGEST = 2_000_000_000;
const PIECE = 8 << 20;
const machine = { code: null, room: null };

function fromBase64(text) {
  const signs = atob(text.replace(/\s+/g, ""));
  const bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i);
  return bytes;
}

/** Random bytes for the module, in pieces as large as the browser gives at once. */
function random(at, length) {
  const room = new Uint8Array(machine.room.exports.memory.buffer, at >>> 0, length >>> 0);
  for (let i = 0; i < room.length; i += 65536) crypto.getRandomValues(room.subarray(i, i + 65536));
}

/** The module as it was compiled: pages carry it compressed. */
const unpacked = (bytes) => new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

async function exportsOfModule() {
  try {
    machine.code ??= await WebAssembly.compile(await unpacked(fromBase64($("module").textContent)));
    machine.room ??= await WebAssembly.instantiate(machine.code, { custody: { random } });
  } catch {
    throw new Refusal("module");
  }
  return machine.room.exports;
}

/** Lets go of the module's memory, with every key and file in it. */
const forget = () => { machine.room = null; };

/** Asks the module: what it answers as `ok`, or a Refusal. `contents` is a file, read in pieces, or bytes. */
async function ask(name, args, contents = new Uint8Array()) {
  const { memory, custody_alloc, custody_free, custody_call } = await exportsOfModule();
  const held = [];
  let doing = "memory";
  const place = async (source) => {
    const length = source.size ?? source.length;
    const at = custody_alloc(Math.max(length, 1)) >>> 0;
    if (!at) throw new RangeError();
    held.push([at, Math.max(length, 1)]);
    for (let i = 0; i < length; i += PIECE) {
      const piece = source.slice(i, i + PIECE);
      new Uint8Array(memory.buffer, at + i, Math.min(PIECE, length - i)).set(source.size === undefined ? piece : new Uint8Array(await piece.arrayBuffer()));
    }
    return [at, length];
  };
  try {
    const utf8 = new TextEncoder();
    const input = [await place(utf8.encode(name)), await place(utf8.encode(JSON.stringify(args))), await place(contents)];
    doing = "trap";
    const at = custody_call(...input.flat()) >>> 0;
    const length = new DataView(memory.buffer).getUint32(at, true);
    const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, at + 4, length)));
    custody_free(at, length + 4);
    for (const [start, bytes] of held) custody_free(start, bytes);
    if (answer.error) throw new Refusal(String(answer.error.code), answer.error);
    return answer.ok;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    forget();
    throw new Refusal(error instanceof DOMException ? "unreadable" : doing);
  }
}

/** Fields to which a refusal of the module points, if the page has them. */
const POINTS = { wrong_passphrase: "passphrase", key_file_damaged: "keyfile", weak_passphrase: "newpass", no_reason: "reason" };

const painted = () => Promise.race([new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))), new Promise((done) => setTimeout(done, 200))]);

/** Does long work for a form: first the busy state is painted; what the work refuses is shown at the form's head. */
async function during(form, key, work) {
  const status = $("status");
  if (status.classList.contains("busy")) return;
  complain([], form);
  status.textContent = say(key);
  status.classList.add("busy");
  $("main").setAttribute("aria-busy", "true");
  let refused = null;
  try {
    await painted();
    await work();
  } catch (error) {
    refused = error instanceof Refusal ? error : new Refusal("trap");
  }
  status.textContent = "";
  status.classList.remove("busy");
  $("main").removeAttribute("aria-busy");
  const at = refused && Object.hasOwn(POINTS, refused.code) && $(POINTS[refused.code]) ? POINTS[refused.code] : null;
  if (refused) complain([{ at, words: refused.both, code: refused.code }], form);
}
