// sharp in a process of its own: does the tasks that it reads, a line of JSON each, and answers
// each with a line: seconds of the processor and of the clock, and bytes of what was made.
//
// A task is a file, what is wanted of it in the product's vocabulary (contract/transformations.py),
// a way to do it, and, where the result is to be looked at, a folder for it.
import { writeFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.cache(false);
sharp.concurrency(1);

const INTERMEDIATE = "preview";

/** Ways to make several results of one file, each as good as sharp's interface allows. */
const WAYS = {
  /** A pipeline for each, and whatever of the file nobody chose is sharp's own default. */
  own: async (source, wanted) => {
    const made = {};
    for (const [name, options] of Object.entries(wanted)) {
      made[name] = await resized(sharp(source), options).toFormat(options.format).toBuffer();
    }
    return made;
  },
  /** A pipeline for each, from the file. */
  separate: async (source, wanted) => {
    const made = {};
    for (const [name, options] of Object.entries(wanted)) {
      made[name] = await applied(sharp(source), options).toBuffer();
    }
    return made;
  },
  /** One input that is read as a stream, and a clone of it for each. */
  clone: async (source, wanted) => {
    const input = sharp();
    const results = Object.entries(wanted).map(async ([name, options]) => [
      name,
      await applied(input.clone(), options).toBuffer(),
    ]);
    createReadStream(source).pipe(input);
    return Object.fromEntries(await Promise.all(results));
  },
  /** Decoded once to raw pixels, and a pipeline for each from those. */
  raw: async (source, wanted) => {
    const input = await raw(sharp(source));
    const made = {};
    for (const [name, options] of Object.entries(wanted)) {
      made[name] = await applied(input(), options).toBuffer();
    }
    return made;
  },
  /** As `raw`, and what is smaller than the preview is made from the preview's raw pixels. */
  chain: async (source, wanted) => {
    const input = await raw(sharp(source));
    const { width, height } = wanted[INTERMEDIATE];
    const preview = await raw(resized(input(), wanted[INTERMEDIATE]));
    const made = {};
    for (const [name, options] of Object.entries(wanted)) {
      const small = options.width && options.width <= width && options.height <= height;
      const from = small ? preview : input;
      const begun = name === INTERMEDIATE ? preview() : resized(from(), options);
      made[name] = await encoded(begun, options).toBuffer();
    }
    return made;
  },
};

async function raw(pipeline) {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return () => sharp(data, { raw: { width, height, channels } });
}

function applied(pipeline, options) {
  return encoded(resized(pipeline, options), options);
}

function resized(pipeline, { width, height, fit, gravity, grayscale }) {
  if (width || height) {
    pipeline.resize(width, height, {
      fit: fit === "cover" ? "cover" : "inside",
      position: gravity === "attention" ? sharp.strategy.attention : "centre",
      withoutEnlargement: fit === "scale-down",
    });
  }
  return grayscale ? pipeline.greyscale() : pipeline;
}

function encoded(pipeline, { format, quality, effort, progressive }) {
  switch (format) {
    case "webp":
      return pipeline.webp({ quality: quality ?? 79, effort: effort ?? 2 });
    case "png":
      return pipeline.png();
    default:
      return pipeline.jpeg({ quality: quality ?? 80, progressive });
  }
}

async function answer({ source, wanted, way, folder }) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const made = await WAYS[way || "separate"](source, wanted);
  const clock = (performance.now() - started) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  const sizes = {};
  for (const [name, data] of Object.entries(made)) {
    sizes[name] = data.length;
    if (folder) await writeFile(`${folder}/${name}`, data);
  }
  return { seconds: (user + system) / 1e6, clock, sizes };
}

const { vips, ...versions } = { node: process.versions.node, ...sharp.versions };
console.log(JSON.stringify({ versions: `sharp ${versions.sharp} (libvips ${vips}, Node ${versions.node})` }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
