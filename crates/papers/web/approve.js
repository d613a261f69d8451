// approve.html: shows an approver what a plan does, what cannot be undone first, and signs the decision with the approver's own key.

Object.assign(words, {
  title: { zh: "审批说明", en: "Approval briefing" },
  lead: { zh: "{company}：请先读完下文，再用您自己的密钥签署决定。", en: "{company}: read what follows, then sign your decision with your own key." },
  expired: { zh: "按本机时钟，这份说明在 {day} 之后已失效。请向操作人索取新的说明。", en: "By this device's clock this briefing ended after {day}. Ask the operator for a new one." },
  plan: { zh: "处置方案", en: "Plan" },
  asOf: { zh: "基准日", en: "As of" },
  until: { zh: "签署有效至", en: "Good until" },
  head: { zh: "日志首部", en: "Head of the ledger" },
  headIs: { zh: "{n} 条，根 ", en: "{n} entries, root " },
  approvers: { zh: "审批人", en: "Approvers" },
  never: { zh: "不能恢复的处置", en: "What cannot be undone" },
  neverMeans: { zh: "以下各项一经执行，任何人都无法恢复。", en: "Once carried out, nobody can bring these back." },
  neverNone: { zh: "本方案没有不能恢复的处置。", en: "Nothing in this plan is beyond undoing." },
  will: { zh: "将要发生什么", en: "What will happen" },
  concerns: { zh: "涉及 {n} 个个人。", en: "{n} persons are concerned. " },
  willMeans: { zh: "各结局的行数，按字段组计。", en: "Rows per outcome, counted for each field group." },
  other: { zh: "其他处置", en: "Other outcomes" },
  kept: { zh: "留存什么，为何留存", en: "What is kept, and why" },
  keptNone: { zh: "没有内容留存。", en: "Nothing is kept." },
  moved: { zh: "与上一份方案相比的变化", en: "What moved since the last plan" },
  movedNone: { zh: "没有变化。", en: "Nothing moved." },
  movedFirst: { zh: "这是第一份方案。", en: "This is the first plan." },
  was: { zh: "原为 ", en: "was " },
  is: { zh: "现为 ", en: "is " },
  isNew: { zh: "原先没有", en: "is new" },
  isGone: { zh: "不再有", en: "is gone" },
  semicolon: { zh: "；", en: "; " },
  outages: { zh: "清除期间的影响", en: "Who waits while it is cleaned" },
  outagesNone: { zh: "没有人需要等待。", en: "Nobody has to wait." },
  outage: { zh: "{what}：{lock}，约 {seconds} 秒，需空闲磁盘 {megabytes} MB", en: "{what}: {lock}, about {seconds} s, {megabytes} MB of free disk" },
  unproven: { zh: "不能证明什么", en: "What cannot be proven" },
  unprovenNone: { zh: "方案没有列出不能证明之处；但数学永远不能证明世上再无其他副本。",
    en: "The plan lists nothing; still, mathematics never proves that no further copy exists." },
  what: { zh: "内容", en: "What" },
  outcome: { zh: "处置", en: "Outcome" },
  amount: { zh: "数量", en: "How much" },
  when: { zh: "日期", en: "When" },
  why: { zh: "依据", en: "Why" },
  rows: { zh: "{n} 行", en: "{n} rows" },
  alike: { zh: "每 {n} 行以上彼此相同", en: "in classes of {n} rows or more that are alike" },
  notBefore: { zh: "不早于 {day}", en: "not before {day}" },
  notAfter: { zh: "不晚于 {day}", en: "not after {day}" },
  keptUntil: { zh: "至 {day}", en: "until {day}" },
  law: { zh: "所依据的条文", en: "The law behind it" },
  article: { zh: "条文", en: "Article" },
  says: { zh: "内容", en: "What it says" },
  fingerprint: { zh: "您所见内容的指纹", en: "Fingerprint of what you see" },
  fingerprintMeans: { zh: "由上文各项处置的原文算出，也就是您将签署的内容。其他审批人所见应与此完全相同；可由另一渠道（如电话）核对。",
    en: "Computed from the exact text of all the above, which is what you sign. Every other approver must see the same; compare it by another channel, such as the telephone." },
  exact: { zh: "原文", en: "Exact text" },
  decide: { zh: "您的决定", en: "Your decision" },
  keyFile: { zh: "您的密钥文件", en: "Your key file" },
  decision: { zh: "决定", en: "Decision" },
  approve: { zh: "批准：同意按此方案处置", en: "Approve: this plan may be carried out" },
  refuse: { zh: "不批准：不同意此方案", en: "Refuse: this plan must not be carried out" },
  decisionMissing: { zh: "请选择批准或不批准", en: "Choose whether you approve or refuse" },
  reason: { zh: "理由", en: "Reason" },
  reasonHint: { zh: "必填，至多 500 字。请不要写入他人的个人信息。", en: "Required, at most 500 characters. Please name no other person's data." },
  reasonMissing: { zh: "请写明理由", en: "Give your reason" },
  read: { zh: "我已读过“不能恢复的处置”", en: "I have read what cannot be undone" },
  readMissing: { zh: "批准之前，请确认已读过“不能恢复的处置”", en: "Before you approve, confirm that you have read what cannot be undone" },
  sign: { zh: "签署决定", en: "Sign the decision" },
  signing: { zh: "正在打开密钥并签名…", en: "Opening the key and signing…" },
  doneApprove: { zh: "已签署：批准", en: "Signed: approved" },
  doneRefuse: { zh: "已签署：不批准", en: "Signed: refused" },
  stranger: { zh: "这把密钥不在说明所列的审批人之中。请先让操作人登记您的公开文件，否则这份签名不算数。",
    en: "This key is not among the approvers that the briefing names. Have the operator register your public file first, or this signature does not count." },
  handed: { zh: "移交给他人的副本", en: "Copies handed to others" },
  handedMeans: { zh: "交出去的副本收不回来；来源处的那一份仍按上表各有其处置。", en: "A copy that was handed over cannot be taken back; the one at its source still has its own fate above." },
  statement: { zh: "签名内容的指纹", en: "Fingerprint of the statement" },
  next: { zh: "审批文件应已自动保存。把它交给操作人，任何渠道都可以；自己也留一份，并记下核对号，日后据此核对操作人所登记的正是这一份。",
    en: "The approval file should have been saved. Give it to the operator by any channel; keep a copy and note the check number, to see later that the operator recorded this very one." },
  download: { zh: "保存审批文件", en: "Save the approval file" },
  resultText: { zh: "审批文件的全文（可粘贴到消息中发送）", en: "Full text of the approval file (to paste into a message)" },
});

const GLYPHS = { hand_over: "⇢", continue: "▶", retain: "■", transfer: "▲", return: "↩", anonymise: "●", destroy: "✕", undecided: "○" };

/** Codes of a consequence in words; a code that is not here is shown as it stands. */
const CODES = {
  readers_wait: ["读写都等待", "readers and writers wait"], writers_wait: ["写入等待", "writers wait"], alone: ["须独占", "nobody else may use it"],
  continue: ["继续处理", "continue"], retain: ["留存（仅存储）", "retain, storage only"], transfer: ["移转", "transfer"], return: ["返还", "return"],
  hand_over: ["移交副本", "hand over a copy"], anonymise: ["匿名化", "anonymise"], destroy: ["销毁", "destroy"], undecided: ["待定", "undecided"],
  delete_rows: ["删去整行", "whole rows go"], erase_fields: ["清空这些字段，行保留", "these fields are emptied, the rows stay"],
  by_hand: ["由人工按说明处理", "done by hand, by instruction"], store: ["不作改动，仅存储", "nothing is changed, storage only"], leave: ["不作改动", "nothing is changed"],
  approver: ["审批人", "approver"], operator: ["操作人", "operator"],
};

const bytes = new TextEncoder().encode(data.briefing);
const briefing = JSON.parse(data.briefing);
/** What is shown is what is signed: the statement names this text's digest. */
const shown = JSON.parse(briefing.consequence);
const law = new Map(list(shown.law).map((l) => [l.rule, l]));
const kept = (row) => ["retain", "continue"].includes(row.outcome);

let print = null;
let signed = null;

// ---- The briefing

const inWords = (code) => (Object.hasOwn(CODES, code) ? CODES[code][lang === "zh" ? 0 : 1]
  : data.words && Object.hasOwn(data.words, code) ? say(data.words[code]) : code.replaceAll("_", " "));
const outcome = (o) => h("span", { class: o }, h("span", { "aria-hidden": "true" }, `${Object.hasOwn(GLYPHS, o) ? GLYPHS[o] : "○"} `), inWords(o));
const lines = (...parts) => parts.filter(Boolean).map((part) => h("p", {}, part));
const bullets = (items, none) => (items.length ? h("ul", {}, items) : h("p", { class: "quiet" }, say(none)));
const rule = (id) => h("li", {}, law.has(id) && [say(law.get(id).article), " "], h("code", { class: "quiet small" }, id));
const articles = () => table(say("law"), [[say("article")], [say("says")]], [...law.values()].map((l) => [[say(l.article), " ", h("code", { class: "quiet small" }, l.rule)], say(l.says)]));

/** A place whose fate is another than in the plan before. */
function change({ place, before, after }) {
  const was = before && [say("was"), h("code", {}, before)];
  return h("li", {}, h("strong", {}, place), say("colon"), was ?? say("isNew"), say("semicolon"), after ? [say("is"), h("code", {}, after)] : say("isGone"));
}

function plan(caption, rows) {
  const day = (key, value) => value && say(key, { day: value });
  const line = (r) => [
    lines(h("strong", {}, r.holding), joined(list(r.groups).map(inWords)), h("small", { class: "quiet" }, [r.item, r.place].filter(Boolean).join(" · "))),
    lines(outcome(r.outcome), r.method && h("small", { class: "quiet" }, inWords(r.method)), r.k && h("small", { class: "quiet" }, say("alike", { n: count(r.k) }))),
    say("rows", { n: count(r.rows) }),
    lines(day("notBefore", r.not_before), day("notAfter", r.not_after), day("keptUntil", r.until)),
    h("ul", {}, list(r.rules).map(rule))];
  return table(say(caption), ["what", "outcome", "amount", "when", "why"].map((key) => [say(key)]), rows.map(line), "stack plan");
}

/** A step of the purge during which somebody waits. */
const waiting = (o, s) => h("li", {}, h("strong", {}, o.holding), say("colon"),
  say("outage", { what: inWords(s.step), lock: inWords(s.lock), seconds: count(s.seconds), megabytes: count(Math.ceil(s.bytes / 1e6)) }));

const part = (key, ...content) => h("section", {}, h("h2", {}, say(key)), content);

function drawBriefing() {
  const rows = list(shown.items);
  const [never, rest] = [rows.filter((r) => r.irreversible), rows.filter((r) => !r.irreversible)];
  const handed = list(shown.hand_overs).map((r) => ({ ...r, outcome: "hand_over" }));
  const [keeps, other] = [rest.filter(kept), rest.filter((r) => !kept(r))];
  const totals = Object.entries(shown.totals).map(([o, n]) => h("li", {}, h("b", { class: o }, count(n)), outcome(o)));
  $("briefing").replaceChildren(
    h("section", { class: "box bad" }, h("h2", {}, say("never")), never.length ? [h("p", {}, say("neverMeans")), plan("never", never)] : h("p", {}, say("neverNone")),
      handed.length ? [h("h3", {}, say("handed")), h("p", {}, say("handedMeans")), plan("handed", handed)] : null),
    part("will", h("p", { class: "quiet" }, say("concerns", { n: count(shown.persons) }), say("willMeans")), h("ul", { class: "counts" }, totals), other.length ? [h("h3", {}, say("other")), plan("other", other)] : null),
    part("kept", keeps.length ? plan("kept", keeps) : h("p", { class: "quiet" }, say("keptNone"))),
    part("moved", bullets(list(shown.moved).map(change), shown.moved ? "movedNone" : "movedFirst")),
    part("outages", bullets(list(shown.outages).flatMap((o) => list(o.steps).map((s) => waiting(o, s))), "outagesNone")),
    part("unproven", bullets(list(shown.cannot_prove).map((code) => h("li", {}, inWords(code))), "unprovenNone")),
    part("law", articles()));
}

function drawHead() {
  $("lead").textContent = say("lead", { company: briefing.company });
  const approver = (a) => h("li", {}, [a.name, a.role && inWords(a.role)].filter(Boolean).join(" · "), " ", h("code", { class: "quiet small" }, a.kid));
  $("about").replaceChildren(...facts([say("caseId"), briefing.case], [say("asOf"), briefing.as_of], [say("until"), briefing.not_after],
    [say("plan"), digest(briefing.plan)], [say("origin"), h("span", { class: "digest" }, briefing.origin)],
    [say("head"), [say("headIs", { n: count(briefing.head?.size) }), h("span", { class: "digest" }, /^[0-9a-f]{64}$/.test(briefing.head?.root) ? groups(briefing.head.root) : briefing.head?.root)]],
    [say("approvers"), h("ul", {}, list(briefing.approvers).map(approver))]).flat());
  $("fingerprint").replaceChildren(...(print?.digest ? [groups(print.digest)] : prose(print ? say(print.both) : "…")));
  $("expired").hidden = !(briefing.not_after < stamp(new Date()).slice(0, 10));
  $("expired").firstElementChild.textContent = say("expired", { day: briefing.not_after });
}

// ---- Signature

function drawSigned() {
  $("done").hidden = !signed;
  if (!signed) return;
  $("done-head").textContent = say(signed.decision === "approve" ? "doneApprove" : "doneRefuse");
  $("stranger").hidden = list(briefing.approvers).some((a) => a.kid === signed.kid);
  $("signed").replaceChildren(...facts([say("checkNumber"), h("p", { class: "check", id: "check-number" }, signed.check_number)],
    [say("statement"), digest(signed.fingerprint)], [say("kid"), h("code", {}, signed.kid)]).flat());
}

function render() {
  drawHead();
  drawBriefing();
  drawKey();
  drawSigned();
}

function wrong(decision, reason) {
  const out = [];
  if (!$("keyfile").files.length && !made) out.push({ at: "keyfile", words: "noKeyYet" });
  if (!$("passphrase").value) out.push({ at: "passphrase", words: "passMissing" });
  if (!decision) out.push({ at: "approve", words: "decisionMissing" });
  if (!reason) out.push({ at: "reason", words: "reasonMissing" });
  if (decision === "approve" && !$("read").checked) out.push({ at: "read", words: "readMissing" });
  return out;
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const decision = document.querySelector("[name=decision]:checked")?.value;
  const reason = $("reason").value.trim();
  const faults = wrong(decision, reason);
  if (faults.length) return complain(faults, $("form"));
  during($("form"), "signing", async () => {
    const file = $("keyfile").files[0];
    const key_file = file ? await textOf(file) : made.key_file;
    signed = null;
    drawSigned();
    try {
      signed = { decision, ...(await ask("approve", { key_file, passphrase: $("passphrase").value, decision, reason }, bytes)) };
    } finally {
      forget();
    }
    $("passphrase").value = "";
    $("result").value = signed.file;
    offer($("download"), `${signed.kid}.approval.json`, signed.file).click();
    drawSigned();
    $("done-head").focus();
  });
});

keyMaker("approver");
picker("keyfile");
$("exact").textContent = briefing.consequence;
begin(render, data.lang);
ask("briefing", {}, bytes).then((ok) => { print = ok; }, (refusal) => { print = refusal; }).then(drawHead);
