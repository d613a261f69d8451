// receive.html: opens a handed-over package with the recipient's key, shows what came against what was stated, and signs the receipt.

Object.assign(words, {
  title: { zh: "接收移交包", en: "Receive a package" },
  lead: { zh: "打开移交给您的数据，核对数量与摘要，亲自看一看，再签署接收回执。", en: "Open the data handed over to you, compare counts and digests, look for yourself, then sign the receipt." },
  step1: { zh: "一、打开", en: "1. Open" },
  package: { zh: "移交包", en: "Package" },
  packageHint: { zh: "名为 `….custody` 的文件。", en: "A file named `….custody`." },
  keyFile: { zh: "接收方的密钥文件", en: "The recipient's key file" },
  passphraseHint: { zh: "留在本页直到签署回执，随后清除。", en: "Stays in this page until the receipt is signed, then it is cleared." },
  packageMissing: { zh: "请选择移交包", en: "Choose the package" },
  open: { zh: "打开移交包", en: "Open the package" },
  opening: { zh: "正在解密并核对…", en: "Decrypting and checking…" },
  step2: { zh: "二、核对", en: "2. Compare" },
  problemsHead: { zh: "发现的问题", en: "Problems found" },
  problemsMean: { zh: "有数量或摘要与移交方所述不符，详见下文。可以如实签收，写明差异。", en: "Counts or digests are not as the sender stated; see below. You may sign all the same and state the differences." },
  fine: { zh: "数量与摘要都和移交方所述相符。这说明文件完整，不说明内容正确；请看样本。",
    en: "All counts and digests are as the sender stated. The files are whole; whether their contents are right is for you to see in a sample." },
  company: { zh: "移交方", en: "From" },
  recipient: { zh: "接收方", en: "To" },
  packageId: { zh: "移交包编号", en: "Package id" },
  agreement: { zh: "协议", en: "Agreement" },
  term: { zh: "协议期间", en: "Term" },
  end_keep: { zh: "接收方保留", en: "the recipient keeps it" },
  end_return: { zh: "返还", en: "it is returned" },
  end_destroy: { zh: "删除", en: "it is destroyed" },
  purposes: { zh: "约定目的", en: "Purposes agreed" },
  onward: { zh: "再次提供", en: "Onward provision" },
  onward_none: { zh: "不允许", en: "not allowed" },
  end: { zh: "到期", en: "Ends" },
  digest: { zh: "移交包摘要", en: "Digest of the package" },
  fieldGroups: { zh: "字段组", en: "Field groups" },
  columns: { zh: "列", en: "Columns" },
  stated: { zh: "移交方所述", en: "Stated" },
  counted: { zh: "本页清点", en: "Counted here" },
  rowsPersons: { zh: "{rows} 行，{persons} 人", en: "{rows} rows, {persons} persons" },
  rowsOnly: { zh: "{rows} 行", en: "{rows} rows" },
  equal: { zh: "相符", en: "equal" },
  unequal: { zh: "不符", en: "not equal" },
  file: { zh: "文件", en: "File" },
  rows: { zh: "行", en: "Rows" },
  sizeOf: { zh: "大小", en: "Size" },
  action: { zh: "查看", en: "Look" },
  look: { zh: "看样本", en: "Sample" },
  saveFile: { zh: "保存文件", en: "Save file" },
  saving: { zh: "正在取出文件…", en: "Taking the file out…" },
  big: { zh: "大于 64 MB：请用 `custody receive` 取出", en: "Over 64 MB: take it out with `custody receive`" },
  bases: { zh: "合法性基础", en: "Legal bases" },
  basis: { zh: "依据", en: "Basis" },
  personsHead: { zh: "人数", en: "Persons" },
  sampleHead: { zh: "样本：{name}，第 {from}–{to} 行，共 {rows} 行", en: "Sample of {name}: rows {from} to {to} of {rows}" },
  sampling: { zh: "正在读取样本…", en: "Reading the sample…" },
  earlier: { zh: "前 20 行", en: "Previous 20" },
  later: { zh: "后 20 行", en: "Next 20" },
  hide: { zh: "收起样本", en: "Hide the sample" },
  step3: { zh: "三、签署回执", en: "3. Sign the receipt" },
  step3Means: { zh: "回执说明您收到了什么、看到了哪些差异。它不含客户的个人信息。", en: "The receipt says what you received and which differences you saw. It holds no customer's personal information." },
  differences: { zh: "差异（没有则留空）", en: "Differences (leave empty if none)" },
  differencesHint: { zh: "数量不符之处已预先填入，可以修改。", en: "Counts that differ are filled in already; you may change them." },
  dataset: { zh: "数据集", en: "Data set" },
  kind: { zh: "种类", en: "Kind" },
  missing: { zh: "缺少", en: "missing" },
  extra: { zh: "多出", en: "extra" },
  changed: { zh: "被改动", en: "changed" },
  duplicated: { zh: "重复", en: "duplicated" },
  truncated: { zh: "被截断", en: "truncated" },
  encoding: { zh: "编码错误", en: "wrong encoding" },
  other: { zh: "其他", en: "other" },
  add: { zh: "添加一条差异", en: "Add a difference" },
  remove: { zh: "删去", en: "Remove" },
  rowsWrong: { zh: "行数应为大于 0 的整数", en: "Rows must be a whole number above 0" },
  looked: { zh: "我已亲自查看所收到的数据", en: "I have looked at the data that I received" },
  lookedMissing: { zh: "签署之前，请先查看数据并勾选确认", en: "Look at the data and confirm it before you sign" },
  sign: { zh: "签署回执", en: "Sign the receipt" },
  signing: { zh: "正在签名…", en: "Signing…" },
  doneHead: { zh: "回执已签署", en: "The receipt is signed" },
  next: { zh: "回执文件应已自动保存，约 2 kB。任何渠道都可以交回：电子邮件、即时消息、打印的二维码；请另由电话核对核对号。自己也留一份。",
    en: "The receipt, about 2 kB, should have been saved. It may go back by any channel: e-mail, messenger, a QR code on paper; confirm the check number by telephone. Keep a copy." },
  download: { zh: "保存回执文件", en: "Save the receipt" },
  resultText: { zh: "回执的全文（可粘贴到消息中发送）", en: "Full text of the receipt (to paste into a message)" },
});

const KINDS = ["missing", "extra", "changed", "duplicated", "truncated", "encoding", "other"];
const AT_ONCE = 20;
const SAVE_AT_MOST = 64_000_000;

let opened = null;
let sample = null;
let signed = null;
let differences = [];

// ---- What came

const mark = (ok) => h("span", { class: ok ? "proved" : "broken" }, `${ok ? "✓" : "✕"} ${say(ok ? "equal" : "unequal")}`);

function fileLine(file) {
  const button = (key, click) => h("button", { type: "button", class: "plain small", "aria-label": say(key) + say("colon") + file.name, click }, say(key));
  return [h("strong", {}, file.name), count(file.rows), size(file.bytes), [mark(file.ok), h("p", { class: "small" }, digest(file.sha256))],
    h("div", { class: "row" }, button("look", () => show(file, 0)),
      file.bytes > SAVE_AT_MOST ? h("small", { class: "quiet" }, prose(say("big"))) : button("saveFile", () => take(file)))];
}

function dataset(d) {
  return h("section", {}, h("h3", {}, d.name),
    h("dl", { class: "facts" }, facts([say("fieldGroups"), joined(d.groups)], [say("columns"), joined(d.columns)],
      [say("stated"), say("rowsPersons", { rows: count(d.rows), persons: count(d.persons) })],
      [say("counted"), [say("rowsOnly", { rows: count(d.counted) }), " ", mark(d.counted === d.rows)]])),
    table(d.name, [[say("file")], [say("rows"), "n"], [say("sizeOf"), "n"], ["SHA-256"], [say("action")]], list(d.files).map(fileLine)));
}

function drawOpened() {
  $("opened").hidden = !opened;
  if (!opened) return;
  const { agreement, problems } = opened;
  const whole = list(opened.datasets).every((d) => d.counted === d.rows && list(d.files).every((f) => f.ok));
  $("problems").replaceChildren(list(problems).length || !whole
    ? h("div", { class: "box bad" }, h("h3", {}, say("problemsHead")), h("p", {}, say("problemsMean")), h("ul", {}, list(problems).map((p) => h("li", {}, say(p)))))
    : h("div", { class: "box good" }, h("p", {}, say("fine"))));
  $("about").replaceChildren(...facts([say("company"), opened.company], [say("recipient"), opened.recipient], [say("packageId"), h("code", {}, opened.package)],
    [say("caseId"), opened.case], [say("origin"), h("span", { class: "digest" }, opened.origin)], [say("agreement"), agreement?.id],
    [say("term"), agreement && `${agreement.from} → ${agreement.to}`], [say("purposes"), joined(agreement?.purposes)], [say("onward"), Object.hasOwn(words, `onward_${agreement?.onward}`) ? say(`onward_${agreement.onward}`) : agreement?.onward],
    [say("end"), Object.hasOwn(words, `end_${agreement?.end}`) ? say(`end_${agreement.end}`) : agreement?.end], [say("digest"), digest(opened.digest)]).flat());
  $("sets").replaceChildren(...list(opened.datasets).map(dataset));
  $("bases").replaceChildren(...(list(opened.legal_bases).length
    ? [h("h3", {}, say("bases")), table(say("bases"), [[say("basis")], [say("personsHead"), "n"]], opened.legal_bases.map((b) => [say(b.basis), count(b.persons)]))] : []));
}

// ---- Own look

const value = (v) => (v === null || v === undefined ? h("span", { class: "quiet" }, "null") : typeof v === "object" ? JSON.stringify(v) : String(v));

function drawSample() {
  $("sample").hidden = !sample;
  $("sample-rows").replaceChildren();
  if (!sample) return;
  const { file, from, columns, rows } = sample;
  $("sample-head").textContent = say("sampleHead", { name: file.name, from: count(from + 1), to: count(from + list(rows).length), rows: count(file.rows) });
  $("sample-rows").append(table(file.name, list(columns).map((c) => [c]), list(rows).map((r) => r.map(value)), "cells"));
  $("earlier").hidden = from === 0;
  $("later").hidden = from + AT_ONCE >= file.rows;
}

/** Opens the package once more if the module had to begin anew. */
const ready = async () => machine.room ?? ask("package_open", await key(), $("package").files[0]);

const show = (file, from) => during($("opened"), "sampling", async () => {
  await ready();
  sample = { file, from, ...(await ask("package_sample", { file: file.name, count: AT_ONCE, from })) };
  drawSample();
  $("sample-head").focus();
});

const take = (file) => during($("opened"), "saving", async () => {
  await ready();
  const { base64 } = await ask("package_file", { name: file.name });
  offer(h("a"), file.name, fromBase64(base64), "application/octet-stream").click();
});

$("earlier").addEventListener("click", () => show(sample.file, Math.max(0, sample.from - AT_ONCE)));
$("later").addEventListener("click", () => show(sample.file, sample.from + AT_ONCE));
$("hide").addEventListener("click", () => { sample = null; drawSample(); });

// ---- Differences

function chooser(id, label, options, chosen, take) {
  const select = h("select", { id, change: (event) => take(event.target.value) }, options.map(([v, text]) => h("option", { value: v, selected: v === chosen }, text)));
  return h("div", {}, h("label", { for: id }, label), select);
}

function drawDifferences() {
  const sets = list(opened?.datasets).map((d) => [d.name, d.name]);
  $("differences").replaceChildren(...differences.map((d, i) => h("div", { class: "entry", role: "group", "aria-label": `${say("differences")} ${i + 1}` },
    chooser(`dataset-${i}`, say("dataset"), sets, d.dataset, (v) => { d.dataset = v; }),
    chooser(`kind-${i}`, say("kind"), KINDS.map((k) => [k, say(k)]), d.kind, (v) => { d.kind = v; }),
    h("div", {}, h("label", { for: `rows-${i}` }, say("rows")), h("input", { id: `rows-${i}`, inputmode: "numeric", value: d.rows, input: (event) => { d.rows = event.target.value; } })),
    h("button", { type: "button", class: "plain", "aria-label": `${say("remove")} ${i + 1}`, click: () => { differences.splice(i, 1); drawDifferences(); $("add").focus(); } }, say("remove")))));
}

$("add").addEventListener("click", () => {
  differences.push({ dataset: list(opened.datasets)[0]?.name ?? "", kind: "missing", rows: "" });
  drawDifferences();
  $(`dataset-${differences.length - 1}`).focus();
});

/** What the page itself saw to differ. */
const seen = () => list(opened.datasets).filter((d) => d.counted !== d.rows)
  .map((d) => ({ dataset: d.name, kind: d.counted < d.rows ? "missing" : "extra", rows: String(Math.abs(d.rows - d.counted)) }));

// ---- Opening and signing

function drawSigned() {
  $("done").hidden = !signed;
  if (signed) $("signed").replaceChildren(...facts([say("checkNumber"), h("p", { class: "check", id: "check-number" }, signed.check_number)],
    [say("packageId"), h("code", {}, opened.package)], [say("kid"), h("code", {}, signed.kid)]).flat());
}

function render() {
  drawKey();
  drawOpened();
  drawSample();
  drawDifferences();
  drawSigned();
}

/** What was opened belongs to the files it came from: when they change, it goes. */
function clear() {
  [opened, sample, signed, differences] = [null, null, null, []];
  $("looked").checked = false;
  $("result").value = "";
  forget();
  render();
}

function keyFaults() {
  const out = [];
  if (!$("keyfile").files.length && !made) out.push({ at: "keyfile", words: "keyMissing" });
  if (!$("passphrase").value) out.push({ at: "passphrase", words: "passMissing" });
  return out;
}

const key = async () => ({ key_file: $("keyfile").files.length ? await textOf($("keyfile").files[0]) : made.key_file, passphrase: $("passphrase").value });

$("openform").addEventListener("submit", (event) => {
  event.preventDefault();
  const file = $("package").files[0];
  const faults = keyFaults();
  if (!file) faults.unshift({ at: "package", words: "packageMissing" });
  else if (file.size > LARGEST) faults.unshift({ at: "package", words: "large", values: { command: "custody receive" } });
  clear();
  if (faults.length) return complain(faults, $("openform"));
  during($("openform"), "opening", async () => {
    opened = await ask("package_open", await key(), file);
    differences = seen();
    render();
    $("opened-head").focus();
  });
});

$("signform").addEventListener("submit", (event) => {
  event.preventDefault();
  const faults = keyFaults();
  differences.forEach((d, i) => { if (!/^[1-9]\d{0,14}$/.test(d.rows.trim())) faults.push({ at: `rows-${i}`, words: "rowsWrong" }); });
  if (!$("looked").checked) faults.push({ at: "looked", words: "lookedMissing" });
  if (faults.length) return complain(faults, $("signform"));
  during($("signform"), "signing", async () => {
    await ready();
    const told = differences.map((d) => ({ dataset: d.dataset, kind: d.kind, rows: Number(d.rows) }));
    signed = await ask("receipt", { ...(await key()), differences: told, looked: true });
    $("passphrase").value = "";
    $("result").value = signed.file;
    offer($("download"), `${opened.package}.receipt.json`, signed.file).click();
    drawSigned();
    $("done-head").focus();
  });
});

picker("package", clear);
keyMaker("recipient");
picker("keyfile");
begin(render, data.lang);
