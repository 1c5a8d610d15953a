"""OpenMMLab's usual entry; the same as `mmskel train`."""
import sys

from mmskel.cli import main

if __name__ == '__main__':
    sys.exit(main(['train', *sys.argv[1:]]))
