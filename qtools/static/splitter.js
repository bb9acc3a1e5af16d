// The twin of qtools.sphinx_search.split_words: Chinese runs become character pairs, other words
// stay whole, and I-MR or Cp/Cpk count whole and in parts. Copied into language_data.js.
const QT_CHINESE = "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3134f}";

function normalizeText(text) {
  return text
    .normalize("NFKD")
    .replace(/([A-Za-z])\u0304/g, "$1bar")
    .replace(/\p{Mn}/gu, "")
    .normalize("NFKC")
    .toLowerCase()
    .replace(/ς/g, "σ"); // Σ at a word's end
}

function splitQuery(text) {
  const words = [];
  const pattern = new RegExp(
    `[${QT_CHINESE}]+|(?:(?![${QT_CHINESE}])[\\p{L}\\p{N}_])+(?:[-./&](?:(?![${QT_CHINESE}])[\\p{L}\\p{N}_])+)*`,
    "gu"
  );
  for (const [run] of normalizeText(text).matchAll(pattern)) {
    const characters = [...run];
    if (new RegExp(`^[${QT_CHINESE}]`, "u").test(run)) {
      if (characters.length === 1) words.push(run);
      for (let i = 0; i + 1 < characters.length; i++) words.push(characters[i] + characters[i + 1]);
    } else {
      words.push(run);
      const parts = run.split(/[-./&]/);
      if (parts.length > 1) words.push(...parts);
    }
  }
  return words;
}
