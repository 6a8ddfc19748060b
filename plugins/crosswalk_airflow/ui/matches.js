// Keys decide the pair on top, or go through the list below it and decide what is chosen there.
const boxes = () => [...document.querySelectorAll("input[name=match][type=checkbox]")];
const walk = (step) => {
  const all = boxes(), at = all.indexOf(document.activeElement);
  all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus();
};
const deeds = {
  ArrowDown: () => walk(1),
  ArrowUp: () => walk(-1),
  x: () => boxes().includes(document.activeElement) && document.activeElement.click(),
  a: () => document.getElementById("all")?.click(),
};
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const inList = boxes().includes(event.target), key = event.key.toLowerCase();
  if (event.shiftKey) return document.querySelector(`button[data-many="${CSS.escape(event.key.toUpperCase())}"]`)?.click();
  const deed = deeds[event.key] ?? deeds[key];
  if (deed && boxes().length) {
    deed();
    if (event.key.startsWith("Arrow")) event.preventDefault();
  } else if (!inList && event.target.id !== "all") {
    document.querySelector(`.decide button[data-key="${CSS.escape(key)}"]`)?.click();
  }
});
document.getElementById("pair")?.focus({ preventScroll: true });
document.getElementById("all")?.addEventListener("change", (event) => {
  for (const box of boxes()) box.checked = event.target.checked;
});
