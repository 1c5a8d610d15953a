"""OpenMMLab's usual entry; the same as `mmskel test`."""
import sys

from mmskel.cli import main

if __name__ == '__main__':
    sys.exit(main(['test', *sys.argv[1:]]))
