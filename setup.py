"""What a wheel carries beside the program: the standard policy, the schemas and the examples, from where they stand.

All else is in pyproject.toml. In a checkout, also an editable one, they are read where they are (`source/files.py`,
`shipped_folder`), so that nothing is there twice.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("policies", "schemas", "examples")


class WithShipped(build_py):
    """Copies them into the package, side by side as they are here: their paths to one another stay right."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib, "billpolicy", "shipped")
        shutil.rmtree(package, ignore_errors=True)  # what an earlier build has left may be gone since
        for source, target in self._shipped():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        mine = [] if self.editable_mode else [str(target) for _, target in self._shipped()]
        return [*super().get_outputs(include_bytecode), *mine]

    def _shipped(self) -> list[tuple[Path, Path]]:
        files = (file for folder in SHIPPED for file in sorted(Path(folder).rglob("*")) if file.is_file())
        return [(file, Path(self.build_lib, "billpolicy", "shipped", file)) for file in files]


setup(cmdclass={"build_py": WithShipped})
