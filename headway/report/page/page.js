"use strict";
// The slider goes through the waits that were planned; sentences and marks are all there, one of each is shown.
(() => {
  const byId = (id) => document.getElementById(id);
  const box = document.querySelector(".slider");
  if (!box) return;
  const slider = byId("wait");
  const points = JSON.parse(byId("wait-points").textContent);
  const marks = [...document.querySelectorAll(".here_line_marks, .here_ring_marks")].map((group) => [...group.children]);
  // A wait that nothing makes has no mark in the picture: marks are those of the other points, in their order.
  const drawn = points.map((point, at) => (point.usd ? points.slice(0, at).filter((one) => one.usd).length : -1));
  const show = () => {
    const at = Number(slider.value);
    const point = points[at];
    byId("wait-value").textContent = point.wait;
    byId("wait-is").textContent = point.usd ? `${point.is}:` : point.is;
    byId("wait-usd").textContent = point.usd;
    byId("wait-why").textContent = point.said;
    slider.setAttribute("aria-valuetext", `${point.wait}: ${point.is}${point.usd ? `, ${point.usd}` : ""}`);
    for (const group of marks) group.forEach((mark, number) => mark.classList.toggle("here", number === drawn[at]));
  };
  slider.addEventListener("input", show);
  box.hidden = false;
  show();
})();
// Paper shows everything.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => (one.open = true)));
