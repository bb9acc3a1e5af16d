// Results of the search page. Sphinx's index of character pairs gives the candidates, the pages'
// own text (searchtext.js) keeps those that hold every word as typed and shows where.
"use strict";

(() => {
  const CHINESE = new RegExp(`^[${QT_CHINESE}]+$`, "u");
  const SHOWN = 3; // sections listed of one page

  const element = (id) => document.getElementById(id);
  const filesOf = (table, word) => (Object.hasOwn(table, word) ? [table[word]].flat() : []);

  /** Pages that hold a word; null: the index cannot tell, ask the text. */
  function candidates(word) {
    const { terms, titleterms } = Search._index;
    if (/^[\d.]+$/.test(word) || (CHINESE.test(word) && [...word].length < 2)) return null;
    const exact = [...filesOf(terms, word), ...filesOf(titleterms, word)];
    if (exact.length || CHINESE.test(word)) return new Set(exact);
    const near = new Set();
    for (const table of [terms, titleterms])
      for (const term of Object.keys(table))
        if (term.startsWith(word)) filesOf(table, term).forEach((file) => near.add(file));
    return near;
  }

  /** Words as typed: runs of Chinese, and words of other letters. */
  function runsOf(query) {
    const pattern = new RegExp(`[${QT_CHINESE}]+|[^${QT_CHINESE}\\s，。、；：,;"“”]+`, "gu");
    return [...new Set(normalizeText(query).match(pattern) || [])];
  }

  function find(query) {
    const { docnames, titles } = Search._index;
    const texts = window.QT_TEXTS || {};
    const runs = runsOf(query);
    let files = docnames.map((_, file) => file);
    for (const run of runs)
      for (const word of splitQuery(run)) {
        const holds = candidates(word);
        if (holds) files = files.filter((file) => holds.has(file));
      }
    const results = [];
    for (const file of files) {
      const sections = texts[docnames[file]] || [];
      const whole = normalizeText(titles[file] + " " + sections.map((s) => s[1] + " " + s[2]).join(" "));
      if (!runs.every((run) => whole.includes(run))) continue;
      const title = normalizeText(titles[file]);
      let score = runs.every((run) => title.includes(run)) ? 100 : 0;
      // a chapter explains, the glossary defines, tables of numbers only mention
      score += docnames[file].startsWith("notebooks/") ? 60 : docnames[file] === "glossary" ? 30 : 0;
      const places = [];
      sections.forEach(([anchor, heading, text], order) => {
        const head = normalizeText(heading);
        const body = normalizeText(text);
        let points = 0;
        for (const run of runs) {
          if (head.includes(run)) points += 10;
          points += Math.min(body.split(run).length - 1, 5);
        }
        if (points) places.push({ anchor, heading, text, points, order });
        score += points;
      });
      places.sort((a, b) => b.points - a.points || a.order - b.order);
      results.push({ file, score, places: places.slice(0, SHOWN) });
    }
    return { runs, results: results.sort((a, b) => b.score - a.score) };
  }

  /** Text with every hit marked, cut around the first; folded letter by letter to keep places. */
  function marked(tag, text, runs, most) {
    const fold = (s) => [...s].map((c) => normalizeText(c).charAt(0) || " ").join("");
    const letters = [...text];
    const folded = fold(text);
    const on = new Array(letters.length).fill(false);
    for (const run of runs)
      for (let at = folded.indexOf(run); at >= 0; at = folded.indexOf(run, at + 1))
        on.fill(true, at, at + run.length);
    const first = Math.max(on.indexOf(true), 0);
    const from = letters.length > most ? Math.max(first - 24, 0) : 0;
    const to = Math.min(from + most, letters.length);
    const out = document.createElement(tag);
    if (from > 0) out.append("…");
    for (let i = from; i < to; ) {
      let j = i;
      while (j < to && on[j] === on[i]) j++;
      const piece = letters.slice(i, j).join("");
      if (on[i]) out.appendChild(document.createElement("mark")).textContent = piece;
      else out.append(piece);
      i = j;
    }
    if (to < letters.length) out.append("…");
    return out;
  }

  function link(file, anchor, words, runs) {
    const a = marked("a", words, runs, words.length);
    const page = Search._index.docnames[file] + DOCUMENTATION_OPTIONS.LINK_SUFFIX;
    a.href = document.documentElement.dataset.content_root + page + (anchor ? "#" + anchor : "");
    return a;
  }

  function show(query) {
    const status = element("qt-search-status");
    const list = element("qt-search-results");
    list.replaceChildren();
    const runs = runsOf(query);
    if (!runs.length) {
      status.textContent = query.trim() ? "请输入要找的词，而不只是标点。" : "";
      return;
    }
    if (runs.every((run) => [...run].length < 2)) {
      status.textContent = "请输入至少两个字：单个字几乎每页都有，找不准。";
      return;
    }
    const { results } = find(query);
    status.textContent = results.length
      ? `找到 ${results.length} 页。`
      : `没有找到“${query.trim()}”。试试更短的说法，或者它的英文缩写；多个词之间用空格隔开。`;
    for (const { file, places } of results) {
      const item = list.appendChild(document.createElement("li"));
      const titleNode = new DOMParser().parseFromString(Search._index.titles[file], "text/html");
      const title = titleNode.body.textContent;
      const head = item.appendChild(document.createElement("p"));
      head.className = "qt-search-title";
      head.append(link(file, "", title, runs));
      for (const { anchor, heading, text } of places) {
        const part = item.appendChild(document.createElement("div"));
        part.className = "qt-search-part";
        if (heading && heading !== title) part.append(link(file, anchor, heading, runs));
        part.append(marked("p", text, runs, 110));
      }
    }
  }

  // searchtools.js calls this once its index is there
  Search.query = show;
  Search.performSearch = (query) => (Search.hasIndex() ? show(query) : Search.deferQuery(query));
})();
