// Follows Airflow's theme: the page lives in a same-origin frame of the UI.
(function () {
  function apply() {
    let dark = false;
    try { dark = window.parent.document.documentElement.className.includes("dark"); } catch (e) { dark = false; }
    document.documentElement.className = dark ? "dark" : "light";
  }
  apply();
  if (window.parent === window) return; // opened on its own: watching itself, it would never come to rest
  try {
    new MutationObserver(apply).observe(window.parent.document.documentElement, { attributes: true, attributeFilter: ["class"] });
  } catch (e) { /* another site's frame: light */ }
})();
