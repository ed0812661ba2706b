// Draws each <figure class="chart"> from the data block inside it; the table beside it says the same.
(() => {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const [ink, soft, line, accent, alarm] = ["--ink", "--soft", "--line", "--accent", "--alarm"].map(colour);
  const written = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 });
  const GROUND = [null, "rgb(92 74 0 / 9%)", "rgb(92 74 0 / 30%)"]; // ordinary, school holidays, public holiday

  const series = (one, bars) => {
    const common = { label: one.name, points: { show: false } };
    if (bars) {
      const fill = one.alarm ? alarm : "#b9cdd2";
      return { ...common, stroke: fill, fill, paths: uPlot.paths.bars({ size: [0.7, 40] }) };
    }
    if (one.band) return { ...common, stroke: "rgb(11 85 99 / 25%)", width: 1 };
    return one.then
      ? { ...common, stroke: soft, width: 1.5, dash: [5, 4] }
      : { ...common, stroke: accent, width: 2 };
  };

  const shade = (marks) => (plot) => {
    (marks || []).forEach((mark, n) => {
      if (!mark) return;
      const left = plot.valToPos(n - 0.5, "x", true);
      const right = plot.valToPos(n + 0.5, "x", true);
      plot.ctx.fillStyle = GROUND[mark];
      plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
    });
  };

  const draw = (figure) => {
    const told = JSON.parse(figure.querySelector("script").textContent);
    figure.classList.add("drawn");
    const room = figure.querySelector(".plot");
    const reading = figure.querySelector(".reading");
    const last = told.labels.length - 1;
    const label = (n) => told.labels[n] ?? "";
    const axis = { stroke: ink, font: "12px system-ui", grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
    const size = () => ({ width: room.clientWidth, height: room.clientHeight });
    const plot = new uPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: !told.bars } },
        scales: { x: { time: false, range: [-0.5, last + 0.5] }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] } },
        axes: [
          { ...axis, space: 60, incrs: [1, 2, 3, 4, 6, 7, 12, 14, 24, 28, 48, 61, 72, 96, 168], values: (_, at) => at.map((n) => (Number.isInteger(n) ? label(n) : "")) },
          { ...axis, size: 60, values: (_, at) => at.map((n) => written.format(n)) },
        ],
        series: [{}, ...told.series.map((one) => series(one, told.bars))],
        bands: told.series.some((one) => one.band) ? [{ series: [2, 3], fill: "rgb(11 85 99 / 15%)" }] : [],
        hooks: {
          drawClear: [shade(told.marks)],
          setCursor: [
            (made) => {
              const n = made.cursor.idx;
              const known = n !== null && n !== undefined;
              const parts = told.series.map((one) => `${one.name.toLowerCase()} ${one.values[n] === null ? "–" : written.format(one.values[n])}`);
              reading.textContent = known ? `${label(n)} : ${parts.join(" ; ")}` : "\u00a0";
            },
          ],
        },
      },
      [told.labels.map((_, n) => n), ...told.series.map((one) => one.values)],
      room,
    );
    new ResizeObserver(() => plot.setSize(size())).observe(room);
  };

  document.querySelectorAll("figure.chart").forEach(draw);
})();
