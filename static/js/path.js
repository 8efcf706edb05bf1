// The page of the path: it is looked at again every 15 seconds, and its trend is drawn.
{
  const EVERY_MS = 15000;
  const source = document.currentScript.dataset.charts;

  // --- Looking again, while somebody looks ---------------------------------------------------------------------------

  let looked = Date.now();
  const look = () => {
    const changes = document.getElementById("changes");
    if (!changes || document.hidden || document.querySelector("dialog[open]")) return;
    looked = Date.now();
    htmx.trigger(changes, "every-15s");
  };
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - looked > EVERY_MS) look();
  });

  // Who reads a why, or has the focus in a part, keeps it: the part comes with a later look. What one did shows at once.
  let did = false;
  document.addEventListener("done", () => (did = true));
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.elt.id === "changes") did = false;
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    if (!did && (part.querySelector("details[open]") || part.contains(document.activeElement))) event.detail.shouldSwap = false;
  });

  // --- The trend -----------------------------------------------------------------------------------------------------

  const colours = () => {
    const probe = document.createElement("span");
    document.body.append(probe);
    const of = (token) => {
      probe.style.color = `var(--pk-${token})`;
      return getComputedStyle(probe).color;
    };
    const found = Object.fromEntries(["ink", "ink-2", "ink-3", "line", "sheet", "raised", "s1", "s2", "s3", "s4", "s5", "s6"].map((one) => [one, of(one)]));
    probe.remove();
    return found;
  };

  let chart = null;
  let shown = null; // the stages whose lines are drawn, once somebody chose

  const lines = (data, hues) =>
    data.stages.flatMap((stage) => {
      if (!shown.has(stage.place)) return [];
      const hue = hues[`s${stage.place}`];
      const line = { type: "line", symbol: "none", emphasis: { disabled: true }, animation: false };
      const last = stage.now.length - 1;
      const before = shown.size > 1 ? [] : [
        { ...line, name: `${stage.name}, ${data.words.before}`, data: stage.before, lineStyle: { color: hues["ink-2"], width: 1.25, type: [2, 4], cap: "round", opacity: 0.75 }, itemStyle: { color: hues["ink-2"] }, z: 1 },
      ];
      return [
        ...before,
        {
          ...line,
          name: stage.name,
          data: stage.now.map((value, at) => (at === last ? { value, symbol: "circle", symbolSize: 7 } : value)),
          symbol: "circle",
          showSymbol: true,
          showAllSymbol: true,
          symbolSize: (_value, { dataIndex }) => (dataIndex === last ? 7 : 0),
          lineStyle: { color: hue, width: 2 },
          areaStyle: shown.size > 1 ? null : { color: hue, opacity: 0.08 },
          itemStyle: { color: hue },
          endLabel: { show: true, formatter: () => stage.name, color: hues.ink, fontSize: 12, distance: 8 },
          z: 2,
        },
      ];
    });

  const draw = () => {
    const place = document.querySelector(".trend");
    const told = document.getElementById("trend-data");
    if (!place || !told || !window.echarts) return;
    const data = JSON.parse(told.textContent);
    shown ||= new Set(data.shown);
    choices(data);
    const hues = colours();
    const label = { color: hues["ink-3"], fontFamily: "Inter Variable, Inter, sans-serif", fontSize: 12 };
    chart?.dispose();
    chart = echarts.init(place, null, { renderer: "svg" });
    const longest = Math.max(...data.stages.filter((one) => shown.has(one.place)).map((one) => one.name.length), 0);
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: label.fontFamily, color: hues.ink },
      grid: { left: 44, right: 24 + longest * 7, top: 12, bottom: 28 },
      xAxis: { type: "category", data: data.labels, boundaryGap: false, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { ...label, hideOverlap: true } },
      yAxis: { type: "value", minInterval: 1, splitNumber: 3, axisLabel: label, splitLine: { lineStyle: { color: hues.line } } },
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        backgroundColor: hues.raised,
        borderColor: hues.line,
        textStyle: { color: hues.ink, fontSize: 12 },
        axisPointer: { lineStyle: { color: hues["ink-3"], width: 1 } },
        formatter: (points) => {
          const at = points[0].dataIndex;
          const day = data.weekly ? data.words.week.replace("%(day)s", data.labels[at]) : data.labels[at];
          const number = new Intl.NumberFormat(document.documentElement.lang);
          const rows = data.stages.filter((one) => shown.has(one.place)).map((one) => `${one.name}  ${number.format(one.now[at])}  (${number.format(one.before[at])} ${data.words.before})`);
          return [day, ...rows].join("\n");
        },
      },
      series: lines(data, hues),
    });
  };

  const choices = (data) => {
    const row = document.querySelector(".trend-stages");
    row.replaceChildren(
      ...data.stages.map((stage) => {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "b is-small", textContent: stage.name });
        button.setAttribute("aria-pressed", shown.has(stage.place));
        button.addEventListener("click", () => {
          if (!shown.delete(stage.place)) shown.add(stage.place);
          draw();
          row.children[data.stages.indexOf(stage)]?.focus();
        });
        return button;
      }),
    );
  };

  // The charts are a large file: it is fetched when the trend is about to be seen.
  const fetchCharts = () => {
    if (window.echarts) return draw();
    document.head.append(Object.assign(document.createElement("script"), { src: source, onload: draw }));
  };
  const place = document.querySelector(".trend");
  if (place) {
    const near = new IntersectionObserver((entries) => {
      if (!entries.some((one) => one.isIntersecting)) return;
      near.disconnect();
      fetchCharts();
    }, { rootMargin: "200px" });
    near.observe(place);
    new ResizeObserver(() => chart?.resize()).observe(place.parentElement);
  }
  document.addEventListener("htmx:oobAfterSwap", (event) => event.detail.target.id === "path-trend" && window.echarts && draw());
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
}
