import atexit
import os
import shutil
import tempfile

if "XDG_RUNTIME_DIR" not in os.environ:
    # The PostgreSQL wheel looks for it while it is imported, and warns where there is none of our own.
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="boxrun")
    atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
