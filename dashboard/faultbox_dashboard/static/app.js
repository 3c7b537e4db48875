// Keys: j k move, o opens, / filters, n writes a note, ? shows them all. Everything also works by
// links and forms alone; without this file nothing is lost but the keys.
"use strict";

const rows = () => [...document.querySelectorAll("tr.row")];

const keysDialog = () => document.getElementById("keys");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.classList.contains("current"));
  const next = Math.min(all.length - 1, Math.max(0, now + step));
  if (now >= 0) all[now].classList.remove("current");
  all[next].classList.add("current");
  all[next].scrollIntoView({ block: "nearest" });
  all[next].querySelector("a")?.focus({ preventScroll: true });
}

function focusOn(id) {
  const field = document.getElementById(id);
  field?.focus();
  field?.scrollIntoView({ block: "center" });
  return Boolean(field);
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  o: () => document.querySelector("tr.current a")?.click(),
  n: () => focusOn("text"),
  "/": () => focusOn("q"),
  "?": () => keysDialog()?.showModal(),
};

document.addEventListener("keydown", (press) => {
  if (press.ctrlKey || press.metaKey || press.altKey || keysDialog()?.open) return;
  if (press.target.closest("input:not([type=checkbox]), select, textarea")) {
    if (press.key === "Escape") press.target.blur();
    return;
  }
  if (Object.hasOwn(keys, press.key)) {
    press.preventDefault();
    keys[press.key]();
  }
});

const showKeys = document.getElementById("show-keys");
if (showKeys) {
  showKeys.hidden = false;
  showKeys.addEventListener("click", () => keysDialog().showModal());
}
