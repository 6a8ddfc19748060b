// Airflow's own pages open in Airflow, not inside our frame, which may not navigate its parent: the click is made there.
(function () {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link || window.parent === window) return;
    event.preventDefault();
    const twin = parent.document.createElement("a");
    twin.href = link.href;
    parent.document.body.append(twin);
    twin.click();
    twin.remove();
  });
})();
