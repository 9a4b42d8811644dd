// The page to try the model on: the model answers in a worker, so that typing never waits for it.
"use strict";

// model/*.js fill it: each file packed with gzip and written in base64, for a page that was opened
// from the disk may load scripts, but read no file.
const packedFiles = {};

/** What runs in the worker. Its text is made a file of its own, for the same reason. */
function work() {
  let read, run;
  // One text after the other: the runtime takes no second one meanwhile.
  let queue = Promise.resolve();

  onmessage = ({ data: { files, number, text } }) => {
    queue = queue.then(async () => {
      try {
        if (files) await load(files);
        postMessage({ number, answer: text === undefined ? null : await score(text) });
      } catch (error) {
        postMessage({ number, reason: String(error.message ?? error) });
      }
    });
  };

  function unpack(base64) {
    const bytes = Uint8Array.fromBase64
      ? Uint8Array.fromBase64(base64)
      : Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream);
  }

  async function importPacked(base64) {
    const source = await unpack(base64).blob();
    return import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  }

  async function load(files) {
    const { Tokenizer } = await importPacked(files["tokenizers.mjs"]);
    const ort = await importPacked(files["onnxruntime.mjs"]);
    ort.env.wasm.wasmBinary = await unpack(files["onnxruntime.wasm"]).arrayBuffer();
    // More than one thread needs headers that only a server sends.
    ort.env.wasm.numThreads = 1;
    const model = await unpack(files["model.onnx"]).arrayBuffer();
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    const settings = await unpack(files["settings.json"]).json();
    const parts = ["tokenizer.json", "tokenizer_config.json"];
    const [rules, options] = await Promise.all(parts.map((name) => unpack(files[name]).json()));
    const tokenizer = new Tokenizer(rules, options);
    const encode = (text) =>
      tokenizer.encode(asPythonReads(text, rules.normalizer), { add_special_tokens: false }).ids;
    read = (text) => readTokens(encode, settings, text);
    run = async (ids) => {
      const whole = (values) => new ort.Tensor("int64", BigInt64Array.from(values), [1, ids.length]);
      const inputs = {
        input_ids: () => whole(ids.map(BigInt)),
        attention_mask: () => whole(ids.map(() => 1n)),
        token_type_ids: () => whole(ids.map(() => 0n)),
      };
      const feeds = Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]()]));
      return [...(await session.run(feeds)).logits.data];
    };
  }

  /** Do beforehand what the package, unlike Python's tokenizers, does not do for BERT. */
  function asPythonReads(text, normalizer) {
    if (normalizer?.type !== "BertNormalizer") return text;
    // Chinese characters beyond 16 bits stand alone too.
    const rare = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
    if (normalizer.handle_chinese_chars) text = text.replace(rare, " $& ");
    // JavaScript has another small letter for it at the end of a word.
    return normalizer.lowercase ? text.replaceAll("Σ", "σ") : text;
  }

  // As helpers/scoring.py does it: only as much of the text is tokenized as needed.
  function readTokens(encode, { before, after, limit, characters, unknown }, text) {
    const room = limit - before.length - after.length;
    let size = characters;
    let ids;
    do {
      // Half an emoji may be typed, or be left by the cut; it cannot be tokenized.
      const start = text.slice(0, size).replace(/\p{Surrogate}/gu, "");
      ids = encode(start);
      size *= 2;
    } while (size / 2 < text.length && ids.length <= 2 * room);
    const truncated = ids.length > room;
    ids = ids.slice(0, room);
    const strange = ids.filter((id) => id === unknown).length;
    return { ids: [...before, ...ids, ...after], truncated, strange, empty: ids.length === 0 };
  }

  async function score(text) {
    const tokens = read(text);
    return { ...tokens, logits: tokens.empty ? [] : await run(tokens.ids) };
  }
}

/** The worker, as a function: a text in, a promise of its tokens and logits out. */
const model = (() => {
  const waiting = new Map();
  let worker;
  let broken;
  let count = 0;

  function ask(message) {
    return new Promise((resolve, reject) => {
      if (broken) return reject(broken);
      waiting.set(++count, { resolve, reject });
      worker.postMessage({ ...message, number: count });
    });
  }

  function loadScript(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.onload = resolve;
      script.onerror = () => reject(new Error(address));
      script.src = address;
      document.head.append(script);
    });
  }

  return {
    async load(folder) {
      worker = new Worker(URL.createObjectURL(new Blob([`(${work})()`])));
      worker.onmessage = ({ data: { number, answer, reason } }) => {
        const { resolve, reject } = waiting.get(number);
        waiting.delete(number);
        if (reason) reject(new Error(reason));
        else resolve(answer);
      };
      // A browser may refuse it, or be unable to read it, before anything is asked.
      worker.onerror = ({ message }) => {
        broken = new Error(message || "Worker");
        for (const { reject } of waiting.values()) reject(broken);
        waiting.clear();
      };
      await Promise.all(["runtime.js", "model.js"].map((name) => loadScript(folder + name)));
      await ask({ files: packedFiles });
      for (const name of Object.keys(packedFiles)) delete packedFiles[name];
    },
    score: (text) => ask({ text }),
  };
})();

function probabilities(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

addEventListener("DOMContentLoaded", async () => {
  const MOST_WORDS = 100;
  const MOST_ROWS = 10;
  const box = document.querySelector(".try");
  const find = (selector) => box.querySelector(selector);
  const [text, button, effects] = ["textarea", ".try-words", ".try-effects"].map(find);
  const rows = [...box.querySelectorAll(".try-levels tbody tr")];
  const names = rows.map((row) => row.querySelector("th").textContent);
  const language = document.documentElement.lang;
  const percent = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1 });
  const points = new Intl.NumberFormat(language, {
    minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero",
  });

  // The sentences are in the page, in its language; `{name}` in one is a value.
  const sentence = (name, values = {}) =>
    box.dataset[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);

  /** Return a function that says something, to those who listen to the page too. */
  function speaker(place) {
    let later;
    return (...sentences) => {
      clearTimeout(later);
      // Once they pause, not at every letter.
      later = setTimeout(() => { place.textContent = sentences.join(" "); }, 300);
    };
  }

  const status = find(".try-status");
  const say = speaker(status);
  const tell = speaker(find(".try-told"));
  const fail = (error) => say(sentence("failed", { reason: error.message }));

  function make(tag, content = "", name = "") {
    const element = document.createElement(tag);
    // Never as HTML: it is what somebody typed.
    element.textContent = content;
    element.className = name;
    return element;
  }

  /** Colour an element by the direction and the strength of an effect, from -1 to 1. */
  function colour(element, effect) {
    element.className = effect > 0 ? "try-for" : "try-against";
    element.style.setProperty("--strength", Math.abs(effect));
    return element;
  }

  const signed = (effect) => points.format(100 * effect).replace("-", "−");

  function show(answer) {
    const found = answer.empty ? [] : probabilities(answer.logits);
    rows.forEach((row, place) => {
      row.querySelector(".try-number").textContent = answer.empty ? "–" : percent.format(found[place]);
      row.querySelector(".try-bar").style.width = answer.empty ? 0 : `${100 * found[place]}%`;
      row.classList.toggle("try-most", !answer.empty && found[place] === Math.max(...found));
    });
    if (answer.empty) return say(sentence("empty"));
    const most = found.indexOf(Math.max(...found));
    const said = [sentence("answer", { name: names[most], probability: percent.format(found[most]) })];
    if (answer.truncated) said.push(sentence("long", { tokens: answer.ids.length }));
    if (answer.strange) said.push(sentence("unknown", { count: answer.strange }));
    say(...said);
  }

  let ready = false;
  let answering = false;
  /** Answer what is in the box; of what is typed meanwhile, only the last state is answered. */
  async function answer() {
    if (!ready || answering) return;
    answering = true;
    let asked;
    try {
      do {
        asked = text.value;
        show(await model.score(asked));
      } while (asked !== text.value);
    } catch (error) {
      fail(error);
    }
    answering = false;
  }

  let asked = 0;
  /** Leave out one word at a time; stop when the text changes or the button is pressed again. */
  async function explain() {
    // Why there is no answer yet, the status says.
    if (!ready) return tell(status.textContent);
    const whole = text.value;
    const question = ++asked;
    tell();
    effects.replaceChildren();
    const segments = [...new Intl.Segmenter(language, { granularity: "word" }).segment(whole)];
    const words = segments.filter((segment) => segment.isWordLike);
    if (words.length > MOST_WORDS) {
      return tell(sentence("many", { count: words.length, most: MOST_WORDS }));
    }
    const scored = await model.score(whole);
    if (question !== asked) return;
    if (scored.empty) return tell(sentence("empty"));
    if (words.length === 0) return tell(sentence("wordless"));
    const before = probabilities(scored.logits);
    const most = before.indexOf(Math.max(...before));
    for (const [place, word] of words.entries()) {
      const rest = whole.slice(0, word.index) + whole.slice(word.index + word.segment.length);
      const without = await model.score(rest);
      if (question !== asked) return;
      // Nothing is left of a text of one word.
      word.effect = without.empty ? NaN : before[most] - probabilities(without.logits)[most];
      effects.textContent = sentence("progress", { done: place + 1, all: words.length });
    }
    showEffects(segments, words.filter((word) => !Number.isNaN(word.effect)), names[most]);
  }

  function showEffects(segments, words, name) {
    if (words.length === 0) {
      effects.replaceChildren();
      return tell(sentence("single"));
    }
    const ranked = [...words].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
    const largest = Math.abs(ranked[0].effect) || 1;
    const marked = make("p", "", "try-marked");
    for (const { segment, effect } of segments) {
      marked.append(effect ? colour(make("mark", segment), effect / largest) : segment);
    }
    const table = make("table");
    const head = table.createTHead().insertRow();
    for (const key of ["word", "effect"]) {
      const cell = make("th", sentence(key));
      cell.scope = "col";
      head.append(cell);
    }
    head.insertCell();
    const body = table.createTBody();
    for (const { segment, effect } of ranked.slice(0, MOST_ROWS)) {
      const row = colour(body.insertRow(), effect / largest);
      const cell = make("th", segment);
      cell.scope = "row";
      const bar = make("td");
      bar.ariaHidden = "true";
      bar.append(make("div", "", "try-bar"));
      row.append(cell, make("td", signed(effect), "try-number"), bar);
    }
    effects.replaceChildren(make("p", sentence("effects", { name })), marked, table);
    const [{ segment, effect }] = ranked;
    tell(sentence("strongest", { word: segment, effect: signed(effect), name }));
  }

  text.addEventListener("input", () => {
    asked++;
    tell();
    effects.replaceChildren();
    answer();
  });
  for (const example of box.querySelectorAll(".try-examples button")) {
    example.addEventListener("click", () => {
      text.value = example.textContent;
      text.dispatchEvent(new Event("input"));
    });
  }
  button.addEventListener("click", () => explain().catch(fail));

  try {
    await model.load(box.dataset.folder);
  } catch (error) {
    return fail(error);
  }
  ready = true;
  if (text.value) answer();
  else say(sentence("ready"));
});
