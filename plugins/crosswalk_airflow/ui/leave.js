// Airflow's own pages open in Airflow, and other systems' in a window of their own: our frame may do neither, so the click is made there.
(function () {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link || window.parent === window) return;
    event.preventDefault();
    const twin = parent.document.createElement("a");
    twin.href = link.href;
    twin.target = link.target;
    twin.rel = link.rel;
    parent.document.body.append(twin);
    twin.click();
    twin.remove();
  });
})();
