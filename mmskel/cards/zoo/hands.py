"""Recognisers of gestures."""
from mmskel.cards.zoo.entry import ZooEntry

HAGRID = ZooEntry(
    name='hagrid_gestures', network='stgcnpp', source='PYSKL', config='hagrid/stgcn_hagrid.py',
    url='https://github.com/kennymckormick/pyskl/raw/main/demo/hagrid.pth', data='hagrid', protocol='', layout='hand21',
    coords=2, stream='joint', classes='hagrid', num_classes=40, persons=1, parameters='0.2M', task='gestures',
    sha256='14d3e55e7c29ee73')
