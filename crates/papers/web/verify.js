// verify.html: checks a dossier in the reader's own browser and shows the verdict claim by claim.

Object.assign(words, {
  title: { zh: "核验案卷", en: "Verify a dossier" },
  lead: { zh: "案卷记录一家公司的客户信息如何依法处置。本页逐项核对其中的签名、顺序、规则和数字，并说明每一项有多确定。",
    en: "A dossier records how a company's customer information was brought to its lawful end. This page checks its signatures, order, rules and figures, and says of each claim how sure it is." },
  dossier: { zh: "案卷文件", en: "Dossier" },
  dossierHint: { zh: "通常名为 `….dossier.zip`，不要解压。", en: "Usually named `….dossier.zip`; do not unpack it." },
  policy: { zh: "政策摘要（选填）", en: "Policy digest (optional)" },
  policyHint: { zh: "64 位十六进制数，印在证明上，或由各方另行告知；空格不计。不填，则信任只来自案卷本身，结果至多为“不完整”。",
    en: "64 hex digits, printed on the certificate or told by the parties; spaces do not matter. Without it trust rests on the dossier alone, and the result is at best “incomplete”." },
  policyWrong: { zh: "政策摘要应为 64 位十六进制数（0–9、a–f）", en: "The policy digest must be 64 hex digits (0–9, a–f)" },
  dossierMissing: { zh: "请选择案卷文件", en: "Choose the dossier" },
  check: { zh: "开始核验", en: "Check the dossier" },
  checking: { zh: "正在核验，大案卷可能需要几分钟…", en: "Checking; a large dossier may take minutes…" },
  result: { zh: "核验结果", en: "Result" },
  verdict0: { zh: "已证明 PROVED", en: "PROVED 已证明" },
  verdict1: { zh: "已损坏 BROKEN", en: "BROKEN 已损坏" },
  verdict2: { zh: "不完整 INCOMPLETE", en: "INCOMPLETE 不完整" },
  because0: { zh: "没有发现不成立之处。每一项都已证明，或由署名者声明；仅供参考的项可能未出示。",
    en: "Nothing is broken. Each claim is proved, or attested by somebody named; claims that only inform may be not shown." },
  because1: { zh: "{n} 项不成立，列在最前。这份案卷不可凭信。", en: "Claims that do not hold: {n}, listed first. Do not rely on this dossier." },
  because2: { zh: "没有发现不成立之处，但有 {n} 项未出示。", en: "Nothing is broken, but claims not shown: {n}." },
  broken: { zh: "不成立", en: "Broken" },
  not_shown: { zh: "未出示", en: "Not shown" },
  attested: { zh: "由他人声明", en: "Attested" },
  proved: { zh: "已证明", en: "Proved" },
  brokenMeans: { zh: "签名、顺序、规则或数字对不上。", en: "A signature, an order, a rule or a figure does not hold." },
  not_shownMeans: { zh: "没有提供、缺失，或本程序不认识；不等于没有。", en: "Withheld, missing, or of a kind this program does not know; it is not a “no”." },
  attestedMeans: { zh: "某人签了名的话：不能改、不能赖、不能倒填日期，但是否属实取决于此人。",
    en: "Somebody's signed word: it cannot be changed, denied or backdated, but whether it was true rests with them." },
  provedMeans: { zh: "由计算、签名、顺序和对已记录内容适用的规则得出，不需要信任任何人。",
    en: "Follows from arithmetic, signatures, order, and the rules over what was recorded; nobody needs to be trusted." },
  by: { zh: "声明者", en: "Attested by" },
  level: { zh: "级别", en: "Level" },
  rule: { zh: "规则", en: "Rule" },
  entry: { zh: "条目", en: "Entry" },
  bytes: { zh: "字节位置", en: "At byte" },
  law: { zh: "条文", en: "Law" },
  L0: { zh: "声称，未经查看", en: "claimed, nobody looked" },
  L1: { zh: "行已不存在", en: "the rows are gone" },
  L2: { zh: "重新全扫无发现", en: "a fresh full scan finds nothing" },
  L3: { zh: "存储文件中无残留字节", en: "no byte remains in the store's files" },
  L4: { zh: "达到 L3，且各归档的密钥已销毁或介质已清除", en: "L3, and every archive's keys are destroyed or the medium is sanitised" },
  file: { zh: "文件", en: "File" },
  sha256: { zh: "文件 SHA-256", en: "SHA-256 of the file" },
  casePolicy: { zh: "案卷中的政策摘要", en: "Policy digest in the dossier" },
  told: { zh: "您填写的政策摘要", en: "Policy digest that you gave" },
  none: { zh: "未填写", en: "none" },
  day: { zh: "核验时间（本机时钟）", en: "Checked (this device's clock)" },
  save: { zh: "保存核验报告", en: "Save the report" },
  limits: { zh: "核验不能证明什么", en: "What this does not prove" },
  limitCopies: { zh: "数学永远不能证明世上再无其他副本。", en: "Mathematics never proves that no further copy exists." },
  limitAttested: { zh: "“声明”是某人签了名的话：能证明是谁说的、没有改过，不能证明所说属实。",
    en: "“Attested” means somebody's signed word: that they said it and it was not altered is proved, that it was true is not." },
  limitPeople: { zh: "两把密钥不等于两个人；时间是签名者所称，除非另有时间戳。",
    en: "Two keys are not two people; a time is what its signer says, unless a timestamp stands beside it." },
  limitLevel: { zh: "“已销毁”只及于核查所能看见的范围，级别说明看到了哪里。",
    en: "“Destroyed” reaches as far as the look afterwards could see; the level says how far that was." },
  limitPage: { zh: "本页也是程序，可能被交给您的人改动过。如有疑问，请用另行取得的 `custody verify` 核对同一文件。",
    en: "This page is a program too and could have been altered by whoever gave it to you. In doubt, check the same file with a `custody verify` from elsewhere." },
});

const ORDER = ["broken", "not_shown", "attested", "proved"];
const GLYPHS = { broken: "✕", not_shown: "–", attested: "○", proved: "✓" };
const NAMES = {
  complete: ["案卷完整", "dossier is whole"], ledger: ["日志", "ledger"], chain: ["条目链", "chain of entries"], signatures: ["签名", "signatures"],
  rules: ["规则", "rules"], policy: ["政策", "policy"], documents: ["文档", "documents"], plan_recomputed: ["方案重算", "plan recomputed"],
  approvals: ["审批", "approvals"], two_people: ["两位不同的人", "two people"], backup: ["备份", "backup"], totals: ["合计", "totals"],
  undecided: ["待定", "undecided"], destroyed: ["已销毁", "destroyed"], archives: ["归档", "archives"], copies: ["恢复的副本", "restored copies"],
  handed_over: ["已移交", "handed over"], paper: ["纸质审批", "approvals on paper"], sample: ["样本", "sample"], witnesses: ["见证人", "witnesses"], certificate: ["证明", "certificate"],
  closed: ["结案", "closed"], time: ["时间", "time"],
};

let found = null;

/** A claim's name in the page's language; what comes after the dot stays. */
function named(id) {
  const [head, ...tail] = String(id).split(".");
  const name = Object.hasOwn(NAMES, head) ? NAMES[head][lang === "zh" ? 0 : 1] : head;
  return tail.length ? `${name} ${tail.join(".")}` : name;
}

function claim(c) {
  const level = c.level && (Object.hasOwn(words, c.level) ? `${c.level}${say("colon")}${say(c.level)}` : c.level);
  const law = list(c.law).length ? h("ul", {}, c.law.map((l) => h("li", {}, say(l.article), " ", h("code", { class: "quiet" }, l.rule)))) : null;
  return h("li", { class: "claim" },
    h("div", {}, h("h4", {}, h("span", { class: c.state, "aria-hidden": "true" }, `${GLYPHS[c.state]} `), named(c.id)), named(c.id) !== c.id && h("code", { class: "quiet small" }, c.id)),
    h("div", {}, h("p", {}, say(c.what)),
      h("dl", { class: "facts" }, facts([say("by"), c.by && say(c.by)], [say("level"), level], [say("rule"), c.rule && h("code", {}, c.rule)],
        [say("entry"), c.entry === undefined ? null : count(c.entry)], [say("bytes"), c.bytes === undefined ? null : count(c.bytes)], [say("law"), law]))));
}

function render() {
  $("answer").hidden = !found;
  if (!found) return;
  const { answer, file, policy, day } = found;
  const claims = list(answer.claims).map((c) => (ORDER.includes(c.state) ? c : { ...c, state: "not_shown" }));
  const of = (state) => claims.filter((c) => c.state === state);
  const verdict = $("verdict");
  verdict.dataset.result = answer.result;
  verdict.querySelector(".glyph").textContent = ["✓", "✕", "◐"][answer.result];
  verdict.querySelector("h3").textContent = say(`verdict${answer.result}`);
  verdict.querySelector("p").textContent = say(`because${answer.result}`, { n: count(of(answer.result === 1 ? "broken" : "not_shown").length) });
  $("counts").replaceChildren(...ORDER.map((s) => h("li", {}, h("b", { class: s }, h("span", { "aria-hidden": "true" }, `${GLYPHS[s]} `), count(of(s).length)), say(s))));
  $("about").replaceChildren(...facts([say("file"), file], [say("sha256"), answer.sha256 && digest(answer.sha256)], [say("caseId"), answer.case?.id],
    [say("casePolicy"), answer.case?.policy_digest && digest(answer.case.policy_digest)], [say("told"), policy ? digest(policy) : say("none")],
    [say("day"), stamp(day)]).flat());
  $("claims").replaceChildren(...ORDER.filter((s) => of(s).length).map((s) => h("section", {},
    h("h3", {}, h("span", { class: s, "aria-hidden": "true" }, `${GLYPHS[s]} `), `${say(s)} (${count(of(s).length)})`),
    h("p", { class: "quiet" }, say(`${s}Means`)), h("ul", { class: "claims" }, of(s).map(claim)))));
}

/** What is wrong with what was filled in, before any work. */
function wrong(file, policy) {
  const out = [];
  if (!file) out.push({ at: "dossier", words: "dossierMissing" });
  else if (file.size > LARGEST) out.push({ at: "dossier", words: "large", values: { command: "custody verify" } });
  if (policy && !/^[0-9a-f]{64}$/.test(policy)) out.push({ at: "policy", words: "policyWrong" });
  return out;
}

/** A result belongs to the file and digest it was made from: when either changes, it goes. */
function clear() {
  found = null;
  $("report").textContent = "";
  render();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const file = $("dossier").files[0];
  const policy = $("policy").value.replace(/\s|^sha256:/g, "").toLowerCase();
  const faults = wrong(file, policy);
  clear();
  if (faults.length) return complain(faults, $("form"));
  during($("form"), "checking", async () => {
    try {
      const answer = await ask("verify", { policy_digest: policy || null }, file);
      found = { answer, file: `${file.name} · ${size(file.size)}`, policy, day: new Date() };
    } finally {
      forget();
    }
    $("report").textContent = found.answer.report;
    offer($("save"), "report.json", found.answer.report);
    render();
    $("result-head").focus();
  });
});
$("policy").addEventListener("input", clear);
picker("dossier", clear);
begin(render, navigator.language);
