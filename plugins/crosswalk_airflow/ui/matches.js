// Keys decide the pair on top; the box in the head chooses all others.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  document.querySelector(`.decide button[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});
document.getElementById("pair")?.focus({ preventScroll: true });
document.getElementById("all")?.addEventListener("change", (event) => {
  for (const box of document.querySelectorAll("input[name=match][type=checkbox]")) box.checked = event.target.checked;
});
