/** How much a picture moves: cheap enough to be asked many times a second. */

const WIDTH = 64;
const HEIGHT = 48;

/** Compare what a video shows with a frame of it that was kept, both made small and grey. */
export class Motion {
    #context = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true });
    #kept = null;

    /** Keep the frame of now. */
    keep(video) {
        this.#kept = this.#grey(video);
    }

    /**
     * Return the mean difference from the kept frame, 0 to 255, within a region {left, top, right, bottom} of shares of
     * the sides. A picture that becomes brighter as a whole does not differ.
     */
    since(video, region) {
        if (!this.#kept) return 0;
        const now = this.#grey(video);
        const differences = [];
        for (let y = Math.floor(region.top * HEIGHT); y < Math.min(HEIGHT, region.bottom * HEIGHT); y++) {
            for (let x = Math.floor(region.left * WIDTH); x < Math.min(WIDTH, region.right * WIDTH); x++) {
                differences.push(now[y * WIDTH + x] - this.#kept[y * WIDTH + x]);
            }
        }
        const brighter = mean(differences);
        return mean(differences.map((difference) => Math.abs(difference - brighter)));
    }

    #grey(video) {
        this.#context.drawImage(video, 0, 0, WIDTH, HEIGHT);
        const { data } = this.#context.getImageData(0, 0, WIDTH, HEIGHT);
        // Rec. 601 luma.
        return Float32Array.from({ length: WIDTH * HEIGHT }, (_, place) => {
            const at = place * 4;
            return 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
        });
    }
}

function mean(values) {
    return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
