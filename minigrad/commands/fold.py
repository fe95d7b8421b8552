"""`minigrad fold`: a protein folded by gradient descent on its torsion angles.

    minigrad fold                                   crambin, from the true distances between its residues
    minigrad fold --noise 2 --known 0.3             from a third of them, wrong by 2 angstrom
    minigrad fold --protein 3B08_B                  any of the 2,204 chains of the data
    minigrad fold --model runs/distogram            from distances predicted from the sequence alone
"""
import difflib
import json
from pathlib import Path

import numpy as np

from ..support.errors import Failure, UsageError
from ..support.files import atomic_write
from .options import a_path, number, seed, whole_number, writable


def add_arguments(parser):
    parser.add_argument("--protein", default="1CRN", metavar="NAME",
                      help="PDB code and chain, such as 3B08_B (default: 1CRN, crambin)")
    parser.add_argument("--noise", type=number(0), default=0.0, metavar="X",
                      help="standard deviation of errors in the distances, in angstrom (default: 0)")
    parser.add_argument("--known", type=number(0, 1, above=True), default=1.0, metavar="PART",
                      help="the part of the distances that is known, from above 0 to 1 (default: 1)")
    parser.add_argument("--model", type=a_path, metavar="DIR",
                      help="fold from what the network predicts that `minigrad train distogram` put there, instead")
    parser.add_argument("--copies", type=whole_number(1), default=8, metavar="N",
                      help="starts, of which the best result is kept (default: 8)")
    parser.add_argument("--steps", type=whole_number(1), default=600, metavar="N",
                        help="steps of descent (default: 600)")
    parser.add_argument("--seed", type=seed, default=0, help="of starts, noise and choice (default: 0)")
    parser.add_argument("--out", type=a_path, default=Path("runs/fold"), metavar="DIR",
                      help="where structure and pictures go (default: runs/fold)")


def run(args):
    from ..zoo import structure
    from ..zoo.alignment import unrelated
    from ..zoo.folding import Handedness, fold, right_handed
    if args.model and (args.noise or args.known < 1):
        raise UsageError("--noise and --known are for true distances, and --model takes predicted ones")
    protein, known_proteins = _find(args.protein)
    true = structure.backbone(protein)
    length = len(protein.sequence)
    writable(args.out)
    print(f"{protein.name}, {length} residues: {protein.sequence}")
    for k in structure.breaks(true):
        print(f"the chain is broken between residues {k + 1} and {k + 2}, where the model will be whole")

    energy, maps = (_predicted if args.model else _measured)(args, protein, true, known_proteins)
    frames, report = [], max(args.steps // 40, 1)
    with _bar(args.steps) as bar:
        def watch(step, atoms, energies):
            best = int(energies.argmin())
            bar.update(step - bar.n)
            bar.set_postfix_str(f"energy {energies[best]:.3f}", refresh=False)
            if step % report == 0 or step == args.steps:
                frames.append((step, atoms[best]))
        folded = fold(energy, length, copies=args.copies, steps=args.steps, seed=args.seed, callback=watch)
    if not args.model:                      # a predicted distogram is of CB atoms and knows left from right
        folded = right_handed(folded, Handedness(unrelated(known_proteins)))
    _report(args, protein, true, folded, frames, maps)
    return 0


def _find(name):
    """(the protein of this name, the proteins to learn statistics from)."""
    from ..data import corpora
    training, validation = corpora.proteins()
    everything = {p.name.upper(): p for p in (*training, *validation, corpora.crambin())}
    if name.upper() not in everything:
        near = difflib.get_close_matches(name.upper(), everything, 3, 0.5)
        raise UsageError(f"no protein of the data is called {name!r}"
                         + (f"; names like it: {', '.join(everything[n].name for n in near)}" if near else ""))
    return everything[name.upper()], training


def _measured(args, protein, true, _):
    """Energy and maps for true distances between CA atoms, some left out, all a little wrong."""
    from ..zoo.folding import restraints
    from ..zoo.structure import CA, distances
    exact = distances(true[:, CA])
    rng = np.random.default_rng(args.seed)
    errors, chosen = np.triu(rng.normal(size=exact.shape), 1), np.triu(rng.random(exact.shape) < args.known, 1)
    target = np.abs(exact + args.noise * (errors + errors.T))
    weight = (chosen | chosen.T).astype(float)
    pairs = len(exact) * (len(exact) - 1) // 2
    print(f"{chosen.sum():,} of {pairs:,} distances between CA atoms are known, with errors of {args.noise:g} angstrom")
    if not chosen.any():
        raise UsageError(f"--known {args.known:g} of {pairs} distances leaves none")
    return restraints(target, weight), {"true (above), known (below)": (exact, np.where(weight > 0, target, np.nan))}


def _predicted(args, protein, true, training):
    """Energy and maps for distances between CB atoms that a network predicts."""
    from ..zoo.alignment import unrelated
    from ..zoo.distogram import Frequencies, expected_distances, potential
    from ..zoo.evoformer import Evoformer
    from ..zoo.folding import Ramachandran
    from ..zoo.structure import CB, distances
    if not (args.model / "model" / "model.json").exists():
        raise Failure(f"there is no trained network in {args.model}: "
                      f"minigrad train distogram --out {args.model} makes one")
    model = Evoformer.load(args.model / "model")
    others = unrelated(training)
    if protein.name in {p.name for p in others}:
        print(f"{protein.name} is one of the proteins that the network learned from: no test of what it understands")
    log_p = model.distogram(protein.sequence)
    pull, prior = potential(log_p, Frequencies(others)(protein)), Ramachandran(others)

    def energy(angles, atoms, progress):
        return pull(angles, atoms, progress) + prior(angles, protein.sequence) / len(protein.sequence)
    return energy, {"true (above), predicted (below)": (distances(true[:, CB]), expected_distances(log_p))}


def _bar(steps):
    from tqdm import tqdm
    return tqdm(total=steps, unit="step", dynamic_ncols=True, mininterval=0.2)


def _report(args, protein, true, folded, frames, maps):
    """Write the pictures, the film, the model as a PDB file and the figures; print how good the model is."""
    from ..viz import save
    from ..zoo import protein_pictures, structure
    best = folded.atoms[0]
    near, alike = structure.rmsd(best[:, 1], true[:, 1]), structure.tm_score(best[:, 1], true[:, 1])
    found = [structure.rmsd(atoms[:, 1], true[:, 1]) for atoms in folded.atoms]
    figures = {"protein": protein.name, "residues": len(protein.sequence), "rmsd": near, "tm_score": alike,
               "energy": folded.energy.tolist(), "rmsd_of_copies": found}
    with atomic_write(args.out / "figures.json", "w") as file:
        json.dump(figures, file, indent=1)
    structure.write_pdb(args.out / "model.pdb", protein.sequence, best)
    save(protein_pictures.structures(true, {"model": best}, protein.name), args.out / "structure.png")
    save(protein_pictures.distance_maps(maps, protein.name), args.out / "distances.png")
    captions = [f"step {step}: RMSD {structure.rmsd(atoms[:, 1], true[:, 1]):.1f} Å" for step, atoms in frames]
    protein_pictures.film(true, [atoms for _, atoms in frames], captions, protein.name).save(args.out / "folding.gif")
    print(f"RMSD {near:.2f} angstrom, TM-score {alike:.3f}, on the CA atoms; "
          f"energy {folded.energy[0]:.3f}, the lowest of {len(found)}")
    if alike < structure.SAME_FOLD:
        print(f"this is not the protein's fold: below a TM-score of {structure.SAME_FOLD:g} two structures have, "
              f"as a rule, different ones{', and a network as small as this predicts few' if args.model else ''}")
    print(f"wrote model.pdb, structure.png, distances.png, folding.gif and figures.json to {args.out}")
