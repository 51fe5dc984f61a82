// Keeps, for each first letter, which countries and languages begin with it: the collection `letters`.
//
// Events arrive at least once, and those of different documents at the same time. Three things make the counts right all the same:
// - A letter's document holds the *ids* that were counted, not just a number. Counting a repeated event again changes nothing.
// - It looks at the document as it is now, so a late or repeated event of an earlier state does no harm.
// - A letter is written only if nobody else has written it since it was read (`ifVersion`); who was too late reads it again.
const TRIES = 20;

// "Åland Islands" counts as A; "'Are'are" too. What has no Latin letter at all counts as "other".
function letterOf(name) {
  const latin = name.normalize("NFD").toUpperCase().match(/[A-Z]/);
  return latin ? latin[0] : "other";
}

export default async function (event, { db }) {
  const [collection, code] = event.subject.split("/");
  const { before, after } = event.data;
  // What is true now counts, not what the event said: it may be an old one that is delivered late or again.
  const now = await db.collection(collection).get(code);
  const current = now && letterOf(now.name);
  for (const letter of new Set([before, after].filter(Boolean).map((document) => letterOf(document.name)))) {
    if (letter !== current) await change(db, collection, letter, (codes) => codes.delete(code));
  }
  if (current) await change(db, collection, current, (codes) => codes.add(code));
}

async function change(db, collection, letter, edit) {
  const letters = db.collection("letters");
  const id = `${collection}-${letter}`;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const tally = await letters.get(id);
    const codes = new Set(tally?.codes ?? []);
    const size = codes.size;
    edit(codes);
    if (tally && codes.size === size) return; // counted before: this event is a repeat
    const data = { of: collection, letter, count: codes.size, codes: [...codes].sort() };
    try {
      if (tally) await letters.put(id, data, { ifVersion: tally.version });
      else await letters.create({ id, ...data });
      return;
    } catch (error) {
      // 412: somebody wrote it meanwhile; 409: somebody created it meanwhile. Anything else is a real failure.
      if (error.status !== 412 && error.status !== 409) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * attempt));
    }
  }
  throw new Error(`"${id}" was written by others ${TRIES} times in a row`); // Roost tries again later.
}
