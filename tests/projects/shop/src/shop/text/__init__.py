from .tools import *

try:
    from .fast import fold
except ImportError:
    from .slow import fold
