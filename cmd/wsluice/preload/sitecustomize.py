"""wsluice run makes every Python process load this when it starts.

It leaves the process as it would have been without, but for the libraries that
wsluice_libraries patches: its folder is no longer on sys.path, and the
sitecustomize it stands in front of is loaded in its place.
"""

import os
import sys

if sys.version_info >= (3, 6):
    import wsluice_libraries

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]
_self = sys.modules.pop("sitecustomize")
try:
    import sitecustomize
except ImportError as e:
    if getattr(e, "name", "sitecustomize") != "sitecustomize":
        raise
    sys.modules["sitecustomize"] = _self
