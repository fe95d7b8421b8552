"""`minigrad learn --lite DIR`: the course as pages that run it in the browser, by JupyterLite and Pyodide.

    DIR/lab/index.html?path=03_the_derivative_table.ipynb       a notebook; those in Chinese lie in zh/
    DIR/files                                                   the notebooks, and the data that they read
    DIR/pypi                                                    the wheels: minigrad, and what it needs that is pure
    DIR/binder                                                  what Binder installs (see buttons.py)

Any web server of files serves the folder: python -m http.server -d DIR.  The reader's browser loads Pyodide (Python,
NumPy, Matplotlib: 25 MB, once) from Pyodide's own pages, or from DIR where --pyodide has brought it there.  What the
reader writes, and which exercises are solved, the browser keeps.
"""
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from ..data.datasets import PACKAGED
from ..data.fetch import packaged, pinned_wheel
from ..support.errors import Failure, UsageError
from ..support.files import cache_folder, replaced_folder, sha256
from ..support.reading import form, read_json
from . import buttons, companions, notebooks, translating
from .translating import say

NEEDED = ("jupyterlite_core", "jupyterlite_pyodide_kernel", "jupyter_server", "wheel")
MARK = "jupyter-lite.json"                  # in the folder of a lite site
KERNEL = "@jupyterlite/pyodide-kernel-extension"

# What Pyodide does not bring, or not for certain: (package, version, SHA-256 of its wheel, which is pure Python).
WHEELS = (
    ("hypothesis", "6.155.7", "9f634bdb1f9e9b8ab6ba09431cf2deedb750c96978125a6fb3c5a0f6c6db4131"),
    ("sortedcontainers", "2.4.0", "a163dcaede0f1c021485e957a39245190e74249897e2ae4b2aa38595db237ee0"),
    ("tqdm", "4.67.3", "ee1e4c0e59148062281c49d80b25b67771a127c85fc9676d3be5f243206826bf"),
    ("comm", "0.2.3", "c615d91d75f7f04f095b30d1c1711babd43bdc6419c1be9886a85f2f4e489417"))
FROM_PYODIDE = ("micropip", "ipython", "jedi", "numpy", "matplotlib", "safetensors")

FETCHED = re.compile(r"minigrad data fetch [a-z0-9 ]*[a-z0-9]")
PROGRAM = re.compile(r"^!(minigrad \w+)|\b(mpiexec)\b", re.M)             # that is started beside the kernel
INSTALL = '''\
# Where minigrad is not installed: in the browser{colab}.
import sys
if sys.platform == "emscripten":
    import piplite
    await piplite.install(["minigrad", "hypothesis"])'''
COLAB = '''
elif "google.colab" in sys.modules:
    %pip install -q hypothesis "minigrad[datasets] {requirement}"'''


def build(target, progress=lambda total, words: lambda: None, pyodide=None, published=None):
    """Build the pages in the folder `target`, which must be new, empty or an earlier one of this kind.

    progress    progress(how many steps, words) -> what is called after each
    pyodide     a folder with a distribution of Pyodide, or the address of its pyodide.mjs (default: Pyodide's own)
    published   the address on GitHub where the folder will lie; with it the notebooks have buttons (see buttons.py)
    """
    look_for_needed()
    place = buttons.Published.at(published) if published else None
    languages = ["en", *translating.languages()]
    tick = progress(len(languages) + len(WHEELS) + 4, "lite")
    with replaced_folder(target, MARK) as new, tempfile.TemporaryDirectory() as work:
        lite, files = Path(work) / "lite", Path(work) / "files"
        (lite / "pypi").mkdir(parents=True)
        for language in languages:
            write_notebooks(files, language, place)
            tick()
        write_data(files)
        tick()
        for package, version, digest in WHEELS:
            shutil.copy(wheel_of(package, version, digest), lite / "pypi")
            tick()
        write_own_wheel(lite / "pypi")
        tick()
        address = bring(pyodide, lite) if pyodide else None
        tick()
        jupyterlite(lite, files, new, address)
        if place:
            write_binder(new / "binder", place)
        tick()


def look_for_needed():
    """Failure if a package is missing with which the pages are built."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise Failure(f'pages for the browser need {", ".join(missing)}; run pip install "minigrad[lite]"')


# -- the course --------------------------------------------------------------------------------------------------------
def write_notebooks(files, language, published=None):
    """The notebooks of one language, each with a cell more, which installs minigrad, and with its buttons."""
    below = "" if language == "en" else f"{language}/"

    def made(notebook, number):
        if language != "en":
            notebook = translating.translated(notebook, language, number)
        name = below + notebooks.paths([number])[0].name
        row = buttons.row(name, published=published, language=language)
        if lacking := not_here(notebook):
            row += "\n\n" + say("*In a browser this notebook can't run to its end: there is no* {}.", lacking,
                                language=language)
        return with_start(notebook, row.strip(), published)
    notebooks.copy_to(files / below, made, lambda text, name: companions.in_language(text, language, name))


def not_here(notebook):
    """What of a notebook's needs can't be had in a browser, in words; "" if all can.  It says itself what it needs."""
    text = "\n".join(map(notebooks.source, notebook["cells"]))
    found = [*FETCHED.findall(text), *("".join(names) for names in PROGRAM.findall(text))]
    return ", ".join(f"`{program}`" for program in dict.fromkeys(found))


def with_start(notebook, row, published=None):
    """A copy with what comes before the first code: a row of buttons, if there is one, and a cell that installs.

    Its texts are whole, no lists of lines, which JupyterLite shows with commas between them.
    """
    from nbformat import from_dict
    from nbformat.v4.rwbase import rejoin_lines
    notebook = rejoin_lines(from_dict(notebook))
    code = INSTALL.format(colab=" and on Colab" if published else "")
    if published:
        code += COLAB.format(requirement=published.requirement)
    cells = [{"cell_type": "markdown", "id": "buttons", "metadata": {}, "source": row}] if row else []
    cells.append({"cell_type": "code", "id": "install", "metadata": {"tags": ["install"]}, "execution_count": None,
                  "outputs": [], "source": code})
    notebook["cells"][1:1] = cells
    return notebook


def write_data(files):
    """What the loaders read from installed packages, where they look for it in a browser."""
    for path in PACKAGED:
        (files / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(packaged(path), files / "data" / path)


# -- wheels ------------------------------------------------------------------------------------------------------------
def wheel_of(package, version, digest):
    """The pinned wheel, from the cache or else from the package index."""
    folder = cache_folder() / "wheels"
    found = next(folder.glob(f"{package}-{version}-*.whl"), None)
    if found is None or sha256(found) != digest:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            wheel = pinned_wheel(package, version, digest, Path(fresh), "minigrad learn --lite DIR")
            found = wheel.replace(folder / wheel.name)
    return found


def write_own_wheel(folder):
    """A wheel of the minigrad that runs, with its notebooks less their outputs, which lie in the pages; its path."""
    from wheel.wheelfile import WheelFile
    try:
        about = metadata.distribution("minigrad")
    except metadata.PackageNotFoundError:
        raise Failure("minigrad is used without being installed: in a clone of it, run pip install -e .") from None
    version, package = about.version, notebooks.PACKAGE
    info, share = f"minigrad-{version}.dist-info", f"minigrad-{version}.data/data/share/minigrad/notebooks"
    path = folder / f"minigrad-{version}-py3-none-any.whl"
    with WheelFile(path, "w") as wheel:
        for file in sorted(package.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                wheel.writestr(f"minigrad/{file.relative_to(package).as_posix()}", file.read_bytes())
        course = notebooks.folder()
        for file in notebooks.paths():
            wheel.writestr(f"{share}/{file.name}", notebooks.as_text(without_outputs(notebooks.read(file))))
        for file in sorted([*course.glob("*.md"), *course.glob("*/*.json")]):
            wheel.writestr(f"{share}/{file.relative_to(course).as_posix()}", file.read_bytes())
        wheel.writestr(f"{info}/METADATA", about.read_text("METADATA") or about.read_text("PKG-INFO"))
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: minigrad\nRoot-Is-Purelib: true\n"
                                        "Tag: py3-none-any\n")
    return path


def without_outputs(notebook):
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    return notebook


# -- Pyodide and JupyterLite -------------------------------------------------------------------------------------------
def bring(pyodide, lite):
    """The address of Pyodide's entry, as the kernel's settings want it; a folder is copied into the pages."""
    if pyodide.startswith(("https://", "http://")):
        if not pyodide.endswith("/pyodide.mjs"):
            raise UsageError(f"--pyodide {pyodide}: an address must end in /pyodide.mjs")
        return pyodide
    folder = Path(pyodide)
    if lacking := [name for name in ("pyodide.mjs", "pyodide-lock.json") if not (folder / name).is_file()]:
        raise UsageError(f"--pyodide {pyodide}: no distribution of Pyodide, it has no {' and no '.join(lacking)}")
    wanted = {"packages": {str: {"file_name": str, "sha256": str, "depends?": [str]}}}
    lock = form(read_json(folder / "pyodide-lock.json"), wanted, folder / "pyodide-lock.json")
    packages = {canonical(name): about for name, about in lock["packages"].items()}
    wanted, waiting = set(), list(FROM_PYODIDE)
    while waiting:
        if (name := canonical(waiting.pop())) not in wanted:
            wanted.add(name)
            waiting += packages.get(name, {}).get("depends", ())
    absent = sorted(name for name in wanted
                    if name not in packages or not (folder / packages[name]["file_name"]).is_file())
    if absent:
        raise Failure(f"--pyodide {pyodide}: the distribution lacks {', '.join(absent)}: take the full one "
                      "(pyodide-VERSION.tar.bz2, unpacked), of the version that the kernel of JupyterLite wants")
    for name in wanted:
        if sha256(folder / packages[name]["file_name"]) != packages[name]["sha256"]:
            raise Failure(f"--pyodide {pyodide}: {packages[name]['file_name']} is damaged (wrong SHA-256)")
    shutil.copytree(folder, lite / "static" / "pyodide")
    return "./static/pyodide/pyodide.mjs"


def canonical(name):
    """A distribution's name, of which several spellings are one."""
    return re.sub("[-_.]+", "-", name).lower()


def jupyterlite(lite, files, new, pyodide):
    """Let JupyterLite write its pages; Failure with its last words where it fails."""
    settings = {"disablePyPIFallback": True, **({"pyodideUrl": pyodide} if pyodide else {})}
    write_json(lite / "jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": {
        "appName": "minigrad", "litePluginSettings": {f"{KERNEL}:kernel": settings}}})
    extension = next((path for path in (Path(prefix, "share/jupyter/labextensions", KERNEL)
                                        for prefix in dict.fromkeys((sys.prefix, sys.base_prefix)))
                      if path.is_dir()), None)
    if extension is None:
        raise Failure(f'the kernel {KERNEL} is not installed; run pip install "minigrad[lite]"')
    write_json(lite / "jupyter_lite_config.json", {"LiteBuildConfig": {
        "contents": [str(files)], "output_dir": str(new.resolve()), "apps": ["lab", "notebooks"], "no_sourcemaps": True,
        "federated_extensions": [str(extension)], "ignore_sys_prefix": ["federated_extensions"]}})
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--config", str(lite / "jupyter_lite_config.json"),
               "--lite-dir", str(lite)]
    done = subprocess.run(command, cwd=lite, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    if done.returncode or not (new / "lab" / "index.html").is_file():
        lines = (done.stdout.strip() or "no message").splitlines()
        raise Failure("JupyterLite did not write its pages: " + " / ".join(lines[-5:]))
    for rest in new.glob(".*.db"):
        rest.unlink()
    for path in (new / "api" / "contents" / "data").rglob("all.json"):
        listing = json.loads(path.read_text(encoding="utf-8"))
        for item in listing["content"]:
            if item["name"].endswith(".gz"):            # else the browser gets text/csv, and makes text of its bytes
                item["mimetype"] = "application/gzip"
        write_json(path, listing)


def write_json(path, content):
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def write_binder(folder, published):
    """What Binder installs: it reads this folder at the top of the branch."""
    folder.mkdir()
    (folder / "requirements.txt").write_text(f"minigrad[notebooks] {published.requirement}\n", encoding="utf-8")
    (folder / "runtime.txt").write_text("python-3.12\n", encoding="utf-8")
