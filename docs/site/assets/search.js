// Search by scanning. mdBook's page calls `elasticlunr` with the words that the reader types; this
// answers with the sections that hold all of them, wherever they stand in a sentence.
"use strict";

elasticlunr.Index.load = index => {
    const sections = Object.entries(index.docs).map(([ref, doc]) => ({
        ref, doc, title: doc.title.toLowerCase(), body: doc.body.toLowerCase(),
    }));

    // “KV缓存” is two words here too: the text has a space between the scripts.
    const words = query =>
        query.toLowerCase().match(/\p{Script=Han}+|[^\s\p{Script=Han}]+/gu) || [];

    const count = (text, word) => text.split(word).length - 1;

    // A word in the title weighs as much as ten in the text.
    const score = (section, word) => 10 * count(section.title, word) + count(section.body, word);

    // Some text around the first word, which stands between spaces so that the page marks it.
    const excerpt = (section, word) => {
        const at = section.body.indexOf(word);
        if (at < 0) return section.doc.body.slice(0, 120);
        const from = Math.max(0, at - 40);
        const text = section.doc.body;
        return (from > 0 ? "…" : "") + text.slice(from, at) + " " + text.slice(at, at + word.length)
            + " " + text.slice(at + word.length, at + 80) + "…";
    };

    return {
        search: query => {
            const wanted = words(query);
            const found = [];
            for (const section of sections) {
                const scores = wanted.map(word => score(section, word));
                if (scores.length === 0 || scores.includes(0)) continue;
                const doc = { ...section.doc, body: excerpt(section, wanted[0]) };
                found.push({ ref: section.ref, doc, score: scores.reduce((a, b) => a + b) });
            }
            return found.sort((a, b) => b.score - a.score);
        },
    };
};
