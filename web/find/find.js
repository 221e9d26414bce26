/** Find: a photo comes in, its faces are shown at once, and who they are. */
import { faces } from "../api.js";
import { element, word } from "../element.js";
import { intake } from "../intake.js";

const SIGNS = ["pointerover", "keydown", "dragenter", "touchstart"];

/** Make the view; what it needs once there is a photo is not part of the first one. */
export default function view(root, go, stale) {
    let finder = null;
    const first = intake({
        title: "find.drop",
        hint: "find.hint",
        take: async ([file]) => (await finding())?.take(file),
        near: root,
    });
    const load = async () => {
        const { Finder } = await import("./finder.js");
        known.hidden = true;
        return new Finder(root, first);
    };
    const finding = () => (finder ??= load().catch((error) => (finder = stale(error))));
    // What the first photo needs comes with the first sign of somebody who has one.
    for (const sign of SIGNS) addEventListener(sign, () => import("./finder.js").catch(() => null), { once: true });
    const title = element("h1", { tabIndex: -1, class: "view-title", text: "find.title" });
    const known = element("p", { class: "faint centred-text", hidden: true });
    root.append(element("div", { class: "view-head" }, title), first, known);
    return {
        async shown(parameters) {
            if (finder || parameters.has("face")) await (await finding())?.shown(parameters);
            else await tellHowMany(known);
        },
    };
}

async function tellHowMany(known) {
    try {
        const { total } = await faces({ limit: 1 });
        word(known, "text", [total ? "find.known" : "find.known.none", { count: total }]);
        known.hidden = false;
    } catch {
        // The banner tells of a server that is away; a count that is missing needs no more words.
    }
}
