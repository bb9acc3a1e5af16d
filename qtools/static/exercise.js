// Checks the answers of section.qt-exercise in the page itself: 未作答, 不对 (with the hint that
// fits the mistake), 正确. What was answered right is remembered where the browser allows it.
"use strict";

(() => {
  const KEY = "qtools-handbook:";
  const memory = {
    get(id) {
      try {
        return localStorage.getItem(KEY + id);
      } catch {
        return null; // private windows, some file: pages
      }
    },
    set(id, value) {
      try {
        localStorage.setItem(KEY + id, value);
      } catch {
        // the answer still counts until the page is left
      }
    },
  };

  /** Numbers a typed text may mean: full-width digits, ％, decimal comma, thousands. */
  function readNumber(text, unit) {
    let typed = text.normalize("NFKC").trim().replace(/[\u2212\u2012-\u2015]/g, "-");
    const name = (unit || "").normalize("NFKC").trim();
    if (name && typed.toLowerCase().endsWith(name.toLowerCase()))
      typed = typed.slice(0, -name.length);
    let scale = 1;
    if (/%\s*$/.test(typed)) {
      typed = typed.replace(/%\s*$/, "");
      if (name !== "%") scale = 0.01;
    }
    typed = typed.replace(/[\s'’_]/g, "").replace(/[。·]/g, ".").replace(/、/g, ",");
    const forms = new Set();
    if (/,\d{3}(,\d{3})*(\.\d*)?$/.test(typed) && /^[+-]?\d{1,3},/.test(typed))
      forms.add(typed.replace(/,/g, ""));
    if (/^[+-]?\d{1,3}(\.\d{3})+,\d*$/.test(typed))
      forms.add(typed.replace(/\./g, "").replace(",", "."));
    if ((typed.match(/,/g) || []).length === 1 && !typed.includes("."))
      forms.add(typed.replace(",", "."));
    forms.add(typed);
    return [...forms]
      .filter((form) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(form))
      .map((form) => Number(form) * scale);
  }

  const near = (value, target, tolerance) =>
    Math.abs(value - target) <= tolerance + 1e-9 * Math.max(1, Math.abs(target));

  /** Half a unit of the last digit typed: what rounding can have taken away. As in answers.py. */
  function rounding(text) {
    const plain = text.normalize("NFKC").replace(/\s/g, "").replace(/,/g, ".");
    const found = /^[+\-\u2212]?(\d+)(?:\.(\d+))?/.exec(plain);
    if (!found || /\de[+-]?\d/i.test(plain)) return 0;
    const decimals = found[2] || "";
    if ((found[1] + decimals).replace(/^0+/, "").length < 2) return 0;
    return 0.5 * 10 ** -decimals.length * (1 + 1e-9);
  }

  function judge(data, typed, chosen) {
    if (chosen === undefined && !typed.trim())
      return { state: "empty", html: "未作答：请先填上你的答案，再按“检查”。" };
    const values = chosen === undefined ? readNumber(typed, data.unit) : [Number(chosen)];
    if (!values.length)
      return { state: "wrong", html: "不对。没有认出数字：请只填一个数，例如 12.5。" };
    if (values.some((value) => near(value, data.answer, data.tolerance)))
      return { state: "right", html: "正确！" };
    const coarse = chosen === undefined ? rounding(typed) : 0;
    const known = data.mistakes
      .map((mistake) => ({
        hint: mistake.hint,
        off: Math.min(...values.map((value) => Math.abs(value - mistake.answer))),
        hit: values.some((value) => near(value, mistake.answer, Math.max(data.tolerance, coarse))),
      }))
      .filter((mistake) => mistake.hit)
      .sort((a, b) => a.off - b.off)[0];
    const off = Math.min(...values.map((value) => Math.abs(value - data.answer)));
    if (off <= coarse && !(known && known.off <= off))
      return { state: "wrong", html: "不对。数对了，位数不够：请多保留一位。" };
    return {
      state: "wrong",
      html: known ? `不对。${known.hint}` : "不对，再想一想。可以看看提示，或者对照正文的算法。",
    };
  }

  function typeset(element) {
    if (window.MathJax && MathJax.typesetPromise) MathJax.typesetPromise([element]);
  }

  function setUp(section, report) {
    const data = JSON.parse(section.querySelector("script[type='application/json']").textContent);
    const form = section.querySelector("form");
    const input = form.querySelector("input[type='text']");
    const feedback = section.querySelector(".qt-feedback");
    const hint = section.querySelector(".qt-hint");
    const hintButton = section.querySelector("[data-do='hint']");
    const state = { right: memory.get(data.id) === "right" };

    function show(outcome, html) {
      section.dataset.state = outcome;
      feedback.innerHTML = html;
      if (input) input.setAttribute("aria-invalid", String(outcome === "wrong"));
      typeset(feedback);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const choice = form.querySelector("input[type='radio']:checked");
      const typed = input ? input.value : "";
      const chosen = input ? undefined : choice ? choice.value : "";
      const outcome =
        chosen === ""
          ? { state: "empty", html: "未作答：请先选一项，再按“检查”。" }
          : judge(data, typed, chosen);
      show(outcome.state, outcome.html);
      if (outcome.state === "right") {
        memory.set(data.id, "right");
        state.right = true;
        report();
      }
    });
    if (hintButton)
      hintButton.addEventListener("click", () => {
        hint.hidden = !hint.hidden;
        hintButton.setAttribute("aria-expanded", String(!hint.hidden));
      });
    if (state.right) show("done", "以前答对过这一题；你可以再做一遍。");
    return state;
  }

  function start() {
    const sections = [...document.querySelectorAll("section.qt-exercise")];
    if (!sections.length) return;
    const line = document.createElement("p");
    line.className = "qt-progress";
    const states = [];
    const report = () => {
      const right = states.filter((state) => state.right).length;
      line.textContent = `本页练习：答对 ${right} 题，共 ${sections.length} 题`;
      line.style.setProperty("--qt-done", `${(100 * right) / sections.length}%`);
    };
    sections.forEach((section) => states.push(setUp(section, report)));
    report();
    sections[0].before(line);
  }

  window.qtReadNumber = readNumber; // tests
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
