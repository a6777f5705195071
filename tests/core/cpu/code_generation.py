# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""What the compiler made of the contract's code: no fused multiply-add, no approximate reciprocal
or root, no 80-bit arithmetic. Usage: code_generation.py MACHINE OBJDUMP OBJECT...

Exits 77, and says why, on a machine whose instructions it does not know.
"""
import re
import subprocess
import sys
from pathlib import Path

X86 = {
    "fused multiply-add": r"vfn?m(add|sub|addsub|subadd)(132|213|231)?[sp][sdh]",
    "approximate reciprocal": r"v?rcp(14|28)?[sp][sdh]",
    "approximate root": r"v?rsqrt(14|28)?[sp][sdh]",
    "rounding to bf16": r"vcvtne2?ps2bf16",
    "80-bit arithmetic": r"f(i?(add|sub|subr|mul|div|divr)p?|sqrt)[sl]?",
}
ARM = {
    "fused multiply-add": r"fn?m(add|sub|la|ls)l?2?",
    "approximate reciprocal": r"frecp[esx]",
    "approximate root": r"frsqrt[es]",
    "rounding to bf16": r"bfcvtn?2?",
}
# What a right answer needs, so that empty or foreign objects do not pass: root and division of
# each width, in the kernels.
X86_WANTED = ["sqrtps", "divps", "vsqrtps", "vdivps", "mulps", "vmulps"]
ARM_WANTED = ["fsqrt", "fdiv", "fmul"]
SAMPLES = {
    "x86_64": ["vfmadd231ps", "vfnmadd213sd", "vfmsub132ps", "vfmaddsub231pd", "vfmaddps", "rcpps",
               "vrcp14ps", "rsqrtss", "vrsqrt14ps", "vrsqrtps", "vcvtneps2bf16", "fmulp", "fadds"],
    "aarch64": ["fmla", "fmadd", "fnmsub", "fmlal2", "frecpe", "frsqrts", "bfcvtn"],
}
INSTRUCTION = r"\s+[0-9a-f]+:\t(?:(?:rep|lock|data16|cs|notrack|bnd) )*([a-z0-9.]+)"
# By kind: what the function's name has, with the reason beside it. The instruction takes subnormal
# numbers for 0, and the kernels of this type let it have none (vectors-inl.h).
ALLOWED = {"rounding to bf16": "NativeBFloat16"}


def instructions(objdump, path):
    """(function, mnemonic, line) of every instruction of an object."""
    text = subprocess.run([objdump, "-d", "-C", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    function = ""
    for line in text.splitlines():
        if m := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = m[1]
        elif m := re.match(INSTRUCTION, line):
            yield function, m[1], line.strip()


def fault_of(mnemonic, rules):
    return next((what for what, pattern in rules.items() if re.fullmatch(pattern, mnemonic)), None)


def main():
    machine, objdump, *objects = sys.argv[1:]
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if machine not in SAMPLES:
        print(f"skipped: the instructions of {machine} are not known here")
        return 77
    if not Path(objdump).is_file():
        print("skipped: no objdump here")
        return 77
    rules, wanted = (X86, X86_WANTED) if machine == "x86_64" else (ARM, ARM_WANTED)
    missed = [each for each in SAMPLES[machine] if fault_of(each, rules) is None]
    assert not missed, f"the rules do not see {missed}"

    seen, findings = {}, []
    for path in objects:
        count = 0
        for function, mnemonic, line in instructions(objdump, path):
            count += 1
            seen[mnemonic] = seen.get(mnemonic, 0) + 1
            what = fault_of(mnemonic, rules)
            if what and ALLOWED.get(what, "\n") not in function:
                findings.append(f"{Path(path).name}: {function}: {what}: {line}")
        if count == 0:
            findings.append(f"{path}: no instructions")
    findings += [f"no {each} anywhere: are these the kernels?" for each in wanted
                 if each not in seen]
    print("\n".join(findings))
    print(f"{len(objects)} objects, {sum(seen.values())} instructions, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
