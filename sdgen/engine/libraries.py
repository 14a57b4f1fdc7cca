"""diffusers and transformers as sdgen uses them: quiet, and running no foreign code.

Import the libraries from here, so that the switches are set before they read them.
"""

import logging
import os
import warnings

for _variable in ("HF_HUB_DISABLE_TELEMETRY", "DIFFUSERS_DISABLE_REMOTE_CODE", "DO_NOT_TRACK"):
    os.environ.setdefault(_variable, "1")

import diffusers  # noqa: E402
import transformers  # noqa: E402

diffusers.utils.logging.set_verbosity_error()
diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
logging.getLogger("torch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", category=FutureWarning, module=r"(diffusers|transformers)\..*")

__all__ = ["diffusers", "transformers"]
