/** Find: a photo comes in, its faces are shown at once, and who they are. */
import { howMany, loaded } from "../api.js";
import { element, word } from "../element.js";
import { intake } from "../intake.js";

const SIGNS = ["pointerover", "keydown", "dragenter", "touchstart"];

/** Make the view; what it needs once there is a photo is not part of the first one. */
export default function view(root) {
    let finding = null;
    const finder = () => (finding ??= load());
    const take = async ([file]) => {
        const found = await finder();
        found?.take(file);
        // Somebody left while it was loaded.
        if (root.hidden) found?.hidden();
    };
    const first = intake({ title: "find.drop", hint: "find.hint", take, near: root });
    const title = element("h1", { tabIndex: -1, class: "view-title", text: "find.title" });
    const known = element("p", { class: "faint known", hidden: true });
    root.append(element("div", { class: "view-head" }, title), first, known);
    const load = async () => {
        const module = await loaded(() => import("./finder.js"));
        if (!module) finding = null;
        return module && new module.Finder(root, first);
    };
    // What the first photo needs comes with the first sign of somebody who has one.
    for (const sign of SIGNS) addEventListener(sign, () => import("./finder.js").catch(() => null), { once: true });
    return {
        async shown(parameters) {
            if (finding || parameters.has("face")) await (await finder())?.shown(parameters);
            if ((await finding)?.isEmpty ?? true) await tellHowMany(known);
        },
        hidden: () => finding?.then((found) => found?.hidden()),
    };
}

async function tellHowMany(known) {
    try {
        const count = await howMany();
        word(known, "text", [count ? "find.known" : "find.known.none", { count }]);
        known.hidden = false;
    } catch {
        // The banner tells of a server that is away; a count that is missing needs no more words.
    }
}
