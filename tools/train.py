"""OpenMMLab's usual entry; the same as `mmskel train`."""
import sys

from mmskel.cli import program

if __name__ == '__main__':
    sys.exit(program(['train', *sys.argv[1:]]))
