// Run a Python program in Pyodide under node:  node in_pyodide.mjs DISTRIBUTION PROGRAM PACKAGES FOLDER=PLACE ...
// DISTRIBUTION is a folder with Pyodide and its wheels; FOLDER is seen by the program as PLACE.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [distribution, program, packages, ...mounts] = process.argv.slice(2);
const home = resolve(distribution);
const { loadPyodide } = await import(pathToFileURL(home + "/pyodide.mjs").href);
const pyodide = await loadPyodide({ indexURL: home + "/" });
await pyodide.loadPackage(packages.split(","), { messageCallback() {} });
for (const mount of mounts) {
  const [folder, place] = mount.split("=");
  pyodide.FS.mkdirTree(place);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, place);
}
try {
  await pyodide.runPythonAsync(readFileSync(program, "utf8"));
} catch (error) {
  console.log(String(error.message).slice(-4000));     // without the text of pyodide.asm.js, which node would show
  process.exit(1);
}
