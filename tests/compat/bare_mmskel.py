"""Makes ``mmskel`` a package without its ``__init__``, which installs the repairs by itself."""
import sys
import types
from pathlib import Path

package = types.ModuleType('mmskel')
package.__path__ = [str(Path(__file__).resolve().parents[2] / 'mmskel')]
sys.modules['mmskel'] = package
