/** The two ways of adding: after a look at each photo, or at once where a photo has one clear face. */
import { element } from "../element.js";

const WAYS = { look: false, once: true };

/** Return {root, show(atOnce)}; `chosen(atOnce)` is called when the reader chooses. */
export function ways(chosen) {
    const radios = Object.entries(WAYS).map(([value, atOnce]) => {
        const choose = () => chosen(atOnce);
        return element("input", { type: "radio", name: "add-way", value, checked: !atOnce, onchange: choose });
    });
    const labels = radios.map((radio) => {
        const said = element("span", { text: `add.way.${radio.value}` });
        const hint = element("span", { class: "under", text: `add.way.${radio.value}.hint` });
        return element("label", { class: "way" }, radio, element("span", {}, said, hint));
    });
    const legend = element("legend", { class: "unseen", text: "add.way" });
    const root = element("fieldset", { class: "ways" }, legend, ...labels);
    const show = (atOnce) => {
        radios[Number(atOnce)].checked = true;
    };
    return { root, show };
}
