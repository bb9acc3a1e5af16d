// Draws every div.qt-figure of the page with plotly.js: light or dark as the page is, light in
// print, and with the figure's data as a table that opens under it.
"use strict";

(() => {
  // colours of qtools/theme.py → what they become on a dark page
  const DARK = {
    "#222222": "#e4e6ea", // INK
    "#d9d9d9": "#454a52", // GRID
    "#0072b2": "#3d9be0", // BLUE
    "#56b4e9": "#a6dbff", // SKY
    "#d55e00": "#ff8a3d", // RED
    "#009e73": "#2bc79a", // GREEN
    "#7f7f7f": "#a8adb5", // GREY
    "#ffffff": "#14181e",
  };
  const NARROW = 560; // px: below this, the legend goes under the plot and titles wrap
  const PRINT_WIDTH = 640;

  if (window.Plotly) {
    Plotly.register({
      moduleType: "locale",
      name: "zh-CN",
      dictionary: {
        "Download plot as a PNG": "存为图片",
        "Download plot": "存为图片",
        "Reset axes": "恢复原样",
        "Taking snapshot - this may take a few seconds": "正在生成图片……",
        "Snapshot succeeded": "图片已保存",
        "Sorry, there was a problem downloading your snapshot!": "图片没有存成，请再试一次。",
        "Double-click to zoom back out": "双击恢复原样",
        "Click to enter Plot title": "",
      },
      format: {},
    });
  }
  const CONFIG = {
    displaylogo: false,
    responsive: false,
    locale: "zh-CN",
    modeBarButtons: [["toImage", "resetScale2d"]],
    scrollZoom: false,
  };

  const figures = [];

  function isDark() {
    const theme = document.documentElement.dataset.theme;
    if (theme === "dark" || theme === "light") return theme === "dark";
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  /** Break a title into lines of a width; words and numbers of Latin letters stay whole. */
  function wrapTitle(text, width, size, least = 8) {
    const most = Math.max(Math.floor((width - 16) / size), least);
    const lines = [];
    let line = "";
    let room = 0;
    for (const word of text.replace(/<br\s*\/?>/g, "\n").match(/[\w.+]+|[^]/gu) || []) {
      const wide = [...word].reduce((sum, c) => sum + (/[\u2e80-\uffef]/.test(c) ? 1 : 0.58), 0);
      if (word === "\n" || (line && room + wide > most && !/^[，。、；：！？）％%]/.test(word))) {
        lines.push(line.trim());
        line = "";
        room = 0;
        if (/\s/.test(word)) continue;
      }
      line += word;
      room += wide;
    }
    return [...lines, line.trim()].join("<br>");
  }

  const ARRAYS = {
    i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
    i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
  };

  /** A list that plotly may have stored as base64. */
  function listOf(values) {
    if (!values || !values.bdata) return values;
    const bytes = Uint8Array.from(atob(values.bdata), (c) => c.charCodeAt(0));
    return [...new ARRAYS[values.dtype](bytes.buffer)];
  }

  /** Fewer labels along a short axis, and its title on several lines. */
  function narrow(axis, width, data) {
    const names = [...new Set(data.flatMap((trace) => (Array.isArray(trace.x) ? trace.x : [])))];
    const wordy = names.every((name) => typeof name === "string" && /[^\d.\s-]/.test(name));
    if (!axis.tickvals && names.length && names.length <= 8 && wordy) {
      axis.tickvals = names;
      axis.ticktext = names.map((name) => wrapTitle(name, width / names.length + 16, 13, 3));
      axis.tickangle = 0;
    }
    const places = listOf(axis.tickvals);
    const words = axis.ticktext;
    if (places && places.length > 8) {
      const every = Math.ceil(places.length / 7);
      axis.tickvals = places.filter((_, i) => i % every === 0);
      if (words) axis.ticktext = words.filter((_, i) => i % every === 0);
      if (!words || words.every((word) => String(word).length < 5)) axis.tickangle = 0;
    } else if (!places && !axis.dtick) {
      axis.nticks = axis.nticks || 7;
    }
    if (axis.title && axis.title.text) axis.title.text = wrapTitle(axis.title.text, width - 60, 15);
  }

  function draw(figure, { dark = isDark(), width = 0 } = {}) {
    let text = figure.json;
    if (dark) text = text.replace(/#[0-9a-f]{6}\b/gi, (c) => DARK[c.toLowerCase()] || c);
    const { data, layout } = JSON.parse(text);
    const size = width || figure.box.clientWidth || 640;
    layout.width = size;
    layout.font = { color: dark ? DARK["#222222"] : "#222222", ...layout.font };
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.dragmode = layout.dragmode || false;
    const margin = { l: 64, r: 24, t: 64, b: 56, ...layout.margin };
    // words over the plot: panel titles, names of vertical lines
    const over = (layout.annotations || []).filter(
      (a) => /^paper$|domain$/.test(a.yref || "") && a.y > 0.98 && a.yanchor !== "top"
    );
    const titled = over.length
      ? (over.some((a) => /<br/.test(a.text)) ? 44 : 26) + Math.max(...over.map((a) => a.yshift || 0))
      : 0;
    const legend = layout.legend || {};
    layout.margin = margin;
    if (size < NARROW) {
      const title = typeof layout.title === "string" ? { text: layout.title } : layout.title || {};
      const fontSize = Math.min((title.font && title.font.size) || 16, 15);
      if (title.text) {
        const wrapped = wrapTitle(title.text, size, fontSize);
        layout.title = { ...title, text: wrapped, font: { ...title.font, size: fontSize } };
        margin.t = 34 + 20 * wrapped.split("<br>").length + titled;
        layout.title.y = 1;
        layout.title.yanchor = "top";
        layout.title.pad = { t: 14 };
      }
      margin.l = 48;
      if (margin.r <= 24) margin.r = 10; // a wide one holds words
      for (const key of Object.keys(layout))
        if (/^xaxis\d*$/.test(key)) {
          const own = data.filter((trace) => (trace.xaxis || "x") === key.replace("axis", ""));
          narrow(layout[key], size - 96, own);
        }
      // under the axis title, over the whole width
      const plot = (layout.height || 420) - margin.t - margin.b;
      layout.legend = {
        ...legend, orientation: "h", x: 0, xanchor: "left", y: -62 / plot, yanchor: "top",
      };
      layout.height = (layout.height || 420) + 40;
    }
    figure.box.style.minHeight = (layout.height || 420) + "px";
    figure.width = size;
    Plotly.react(figure.box, data, layout, CONFIG);
  }

  function addTable(box) {
    const plain = box.parentElement.querySelector(":scope > noscript");
    if (!plain || !plain.textContent.includes("<table")) return;
    const details = document.createElement("details");
    details.className = "qt-details";
    details.appendChild(document.createElement("summary")).textContent = "数据表";
    details.addEventListener(
      "toggle",
      () => {
        const holder = document.createElement("template");
        holder.innerHTML = plain.textContent; // our own escaped table
        const table = holder.content.querySelector(".qt-scroll");
        if (table) details.append(table);
      },
      { once: true }
    );
    box.after(details);
  }

  function start() {
    for (const box of document.querySelectorAll("div.qt-figure")) {
      const script = box.querySelector("script[type='application/json']");
      if (!script || !window.Plotly) continue;
      const figure = { box, json: script.textContent };
      script.remove();
      figures.push(figure);
      draw(figure);
      addTable(box);
      new ResizeObserver(() => {
        const now = box.clientWidth;
        if (!printing && now && Math.abs(now - figure.width) > 1) draw(figure);
      }).observe(box);
    }
  }

  let printing = false;
  const all = (options) => figures.forEach((figure) => draw(figure, options));
  const refresh = () => printing || all();
  const paper = (on) => {
    if (on === printing) return;
    printing = on;
    all(on ? { dark: false, width: PRINT_WIDTH } : {});
  };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  matchMedia("print").addEventListener("change", (event) => paper(event.matches));
  new MutationObserver(refresh).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-theme"],
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
