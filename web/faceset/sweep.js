/** One piece of work for each of many faces. */
import { aborted } from "../errors.js";
import { patiently } from "../patience.js";

const AT_ONCE = 4;

/**
 * Do `work(face)` for each of the faces, a few at a time, through whatever the server does; `progress(done)` is called
 * after each. Return {done, failed}: the faces, and [face, error] pairs. What the signal stopped is in neither.
 */
export async function sweep(faces, work, { signal, progress = () => {} }) {
    const [done, failed] = [[], []];
    let next = 0;
    const worker = async () => {
        while (next < faces.length && !signal.aborted) {
            const face = faces[next++];
            try {
                await patiently(() => work(face), signal);
                done.push(face);
            } catch (error) {
                if (aborted(error)) return;
                failed.push([face, error]);
            }
            progress(done.length + failed.length);
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { done, failed };
}
