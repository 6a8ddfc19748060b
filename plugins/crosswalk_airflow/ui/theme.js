// Follows Airflow's theme: the page lives in a same-origin frame of the UI.
(function () {
  function apply() {
    let dark = false;
    try { dark = window.parent.document.documentElement.className.includes("dark"); } catch (e) { dark = false; }
    document.documentElement.className = dark ? "dark" : "light";
  }
  apply();
  try {
    new MutationObserver(apply).observe(window.parent.document.documentElement, { attributes: true, attributeFilter: ["class"] });
  } catch (e) { /* opened on its own: light */ }
})();

// Airflow's own pages open in the window around the frame, which only a link of that window may do.
document.addEventListener("click", function (event) {
  const link = event.target.closest && event.target.closest("a[data-airflow]");
  if (!link || window.parent === window) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const there = window.parent.document.createElement("a");
  there.href = link.href;
  window.parent.document.body.append(there);
  there.click();
  there.remove();
});
