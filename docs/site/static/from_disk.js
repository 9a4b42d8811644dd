// A page that was opened from the disk may not read the others, but may load a script. So the
// search takes from one what it would read in each page that it found, to show the word there.
if (location.protocol === "file:" && location.pathname.endsWith("/search.html")) {
  const folder = document.currentScript.src.replace(/[^/]*$/, "");
  const loaded = new Promise((done) => {
    const script = document.createElement("script");
    script.src = `${folder}page_texts.js`;
    script.onload = done;
    document.head.append(script);
  });
  window.fetch = async (address) => {
    await loaded;
    return { text: async () => PAGE_TEXTS[address.split("/").pop()] };
  };
}
