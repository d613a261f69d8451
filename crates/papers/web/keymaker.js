// Making a key in a page: shared by the pages in which somebody signs.

Object.assign(words, {
  noKey: { zh: "还没有密钥？", en: "No key yet?" },
  newKey: { zh: "现在生成新密钥", en: "Make a new key now" },
  newPass: { zh: "新口令", en: "New passphrase" },
  newPassHint: { zh: "至少 8 个字符，几个不相干的词最好。口令无法找回，请勿告诉任何人。",
    en: "At least 8 characters; a few unrelated words are best. It cannot be recovered; tell it to nobody." },
  again: { zh: "再输入一次", en: "The same again" },
  makeKey: { zh: "生成密钥", en: "Make the key" },
  making: { zh: "正在生成密钥…", en: "Making the key…" },
  short: { zh: "口令至少要有 8 个字符", en: "The passphrase must have at least 8 characters" },
  unequal: { zh: "两次输入的口令不同", en: "The two passphrases differ" },
  madeHead: { zh: "密钥已生成", en: "The key is made" },
  madeKeep: { zh: "保存密钥文件，只归您自己；没有它，就不能再签名，也打不开给您的包。", en: "Save the key file and keep it to yourself; without it you can neither sign again nor open what is sent to you." },
  madeRegister: { zh: "保存公开文件并交给操作人登记。登记时您须在场，或由他人会签；登记之前，您的签名不算数。",
    en: "Save the public file and give it to the operator to register, with you present or countersigned by another. Until then what you sign does not count." },
  saveKey: { zh: "保存密钥文件", en: "Save the key file" },
  savePub: { zh: "保存公开文件", en: "Save the public file" },
  keyMade: { zh: "刚生成的密钥 {kid}", en: "the key just made, {kid}" },
  noKeyYet: { zh: "请选择您的密钥文件，或先生成新密钥", en: "Choose your key file, or make a new key first" },
});

/** The key that this page made, if it made one. */
let made = null;

function drawKey() {
  $("made").hidden = !made;
  if (!made) return;
  $("made-facts").replaceChildren(...facts([say("kid"), h("code", {}, made.kid)]).flat());
  if (!$("keyfile").files.length) $("keyfile").closest(".drop").querySelector("output").textContent = say("keyMade", { kid: made.kid });
}

/** Lets the page make a key for a use: `approver`, `recipient`. */
function keyMaker(use) {
  $("newkey").addEventListener("click", () => {
    const panel = $("newkey-panel");
    panel.hidden = !panel.hidden;
    $("newkey").setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) $("newpass").focus();
  });

  $("keyform").addEventListener("submit", (event) => {
    event.preventDefault();
    const passphrase = $("newpass").value;
    if ([...passphrase].length < 8) return complain([{ at: "newpass", words: "short" }], $("keyform"));
    if (passphrase !== $("newpass2").value) return complain([{ at: "newpass2", words: "unequal" }], $("keyform"));
    during($("keyform"), "making", async () => {
      made = await ask("key_new", { passphrase, use });
      offer($("save-key"), `${made.kid}.key`, made.key_file);
      offer($("save-pub"), `${made.kid}.pub`, made.public_file);
      for (const id of ["newpass", "newpass2", "keyfile"]) $(id).value = "";
      $("newkey").click();
      drawKey();
      $("save-key").focus();
    });
  });
}
