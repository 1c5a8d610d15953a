"""Decoding against files made on the spot: every frame carries its number, so a lost, doubled or moved one is seen."""
import gc
import socket
import threading
import time
import wave
import weakref
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import av
import cv2
import numpy as np
import pytest

from mmskel.video import decoding
from mmskel.video.reading import Prefetcher, VideoError, open_video

LOSSLESS = dict(codec='ffv1', pix_fmt='bgr0')
N = 40


def picture(number, H=64, W=96):
    """The number's bits as eight bright or dark columns above, a red floor below, so that turns are seen."""
    image = np.zeros((H, W, 3), np.uint8)
    for bit in range(8):
        image[:H // 2, bit * W // 8:(bit + 1) * W // 8] = 255 * (number >> bit & 1)
    image[H // 2:, :, 2] = 200
    return image


def number(image):
    H, W = image.shape[:2]
    return sum(int(image[H // 4, int((bit + .5) * W / 8)].mean() > 128) << bit for bit in range(8))


def write(path, n=N, *, codec='libx264', pix_fmt='yuv420p', rate=25, times=None, turn=0, H=64, W=96, fast_start=False,
          cover=False, sound=0):
    """A video; times in milliseconds; sound: seconds of it."""
    options = {'movflags': 'faststart'} if fast_start else {}
    with av.open(str(path), 'w', options=options) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = W, H, pix_fmt, 12
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if turn:
            stream.set_display_rotation(turn)
        audio = file.add_stream('aac', rate=8000) if sound else None
        for i in range(n):
            frame = av.VideoFrame.from_ndarray(picture(i, H, W), format='bgr24')
            frame.pts, frame.time_base = int(i * 40 if times is None else times[i]), Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        for i in range(int(sound * 8)):
            hum = av.AudioFrame.from_ndarray(np.zeros((1, 1000), np.float32), format='fltp', layout='mono')
            hum.sample_rate, hum.pts = 8000, i * 1000
            file.mux(audio.encode(hum))
        if sound:
            file.mux(audio.encode(None))
    return path


def read(source, **options):
    """Numbers, times, and the video."""
    with open_video(source, **options) as video:
        frames = [(f.index, number(f.image), f.time) for f in video]
    assert [f[0] for f in frames] == list(range(len(frames)))
    return [f[1] for f in frames], [f[2] for f in frames], video


def cut(path, target, share):
    data = path.read_bytes()
    target.write_bytes(data[:int(len(data) * share)])
    return target


def spoil(path, target, start, end):
    data = bytearray(path.read_bytes())
    first, last = int(len(data) * start), int(len(data) * end)
    data[first:last] = np.random.default_rng(0).bytes(last - first)
    target.write_bytes(data)
    return target


@pytest.mark.parametrize('name, options', [
    ('a.mkv', LOSSLESS), ('a.mp4', {}), ('a.avi', dict(codec='mpeg4')), ('a.ts', {}), ('a.flv', {}), ('a.h264', {}),
    ('grey.mkv', dict(codec='ffv1', pix_fmt='gray')), ('grey16.mkv', dict(codec='ffv1', pix_fmt='gray16le')),
    ('alpha.mkv', dict(codec='ffv1', pix_fmt='bgra')), ('ten bits.mp4', dict(pix_fmt='yuv420p10le')),
    ('a%02d: b.mp4', {}), ('ü.mov', {}), ('sound.mkv', dict(sound=2.)),
    ('odd.mkv', dict(LOSSLESS, H=63, W=95)), ('h264.avi', {})])  # AVI has no times of presentation, and these frames are reordered
def test_every_frame_once_in_order_and_in_time(tmp_path, name, options):
    numbers, times, video = read(write(tmp_path / name, **options))
    assert numbers == list(range(N)) and not video.notes
    np.testing.assert_allclose(times, np.arange(N) * .04, atol=1e-6)
    assert video.fps == pytest.approx(25) and video.size == (options.get('H', 64), options.get('W', 96))
    assert video.num_frames in (N, None) and (video.num_frames == N or name.endswith(('mkv', 'avi', 'ts', 'flv', 'h264')))


def test_lossless_frames_come_back_bit_by_bit_and_stay(tmp_path):
    with open_video(write(tmp_path / 'a.mkv', **LOSSLESS)) as video:
        frames = list(video)  # kept: no frame may be overwritten by the next
    for i, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.image, picture(i))
        assert frame.image.dtype == np.uint8 and frame.image.flags.c_contiguous


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.mov'])
def test_variable_frame_rate(tmp_path, name):
    stamps = np.cumsum([0] + [100 if i % 3 == 0 else 20 for i in range(N - 1)])
    path = write(tmp_path / name, times=stamps)
    numbers, times, video = read(path)
    assert numbers == list(range(N))
    np.testing.assert_allclose(times, stamps / 1000, atol=1e-6)
    assert video.fps == pytest.approx(N / 1.86, rel=.05) or name == 'a.mkv'  # Matroska's header keeps the nominal one
    np.testing.assert_allclose(read(path, fps=10)[1], np.arange(N) / 10)


def test_times_start_with_the_first_frame_and_never_fall_back(tmp_path):
    assert read(write(tmp_path / 'late.mkv', times=np.arange(N) * 40 + 5000))[1][:2] == pytest.approx([0, .04])
    first = write(tmp_path / 'a.ts').read_bytes()
    (tmp_path / 'twice.ts').write_bytes(first + first)  # the time stamps begin again in the middle
    numbers, times, _ = read(tmp_path / 'twice.ts')
    assert numbers == 2 * list(range(N)) and (np.diff(times) > .01).all()


@pytest.mark.parametrize('turn', [90, 180, 270])
def test_rotation_is_applied(tmp_path, turn):
    path = write(tmp_path / 'phone.mp4', turn=turn)
    with open_video(path) as video:
        images = [frame.image for frame in video]
    assert video.rotation == turn and video.size == images[0].shape[:2] == ((96, 64) if turn % 180 else (64, 96))
    assert [number(np.rot90(image, -turn // 90)) for image in images] == list(range(N))
    capture = cv2.VideoCapture(str(path))  # turns upright, too
    np.testing.assert_array_equal(capture.read()[1], images[0])
    capture.release()


@pytest.mark.parametrize('name, options', [
    ('a.avi', dict(LOSSLESS, rate=1000)), ('a.mkv', dict(LOSSLESS, rate=1000)), ('a.mkv', dict(LOSSLESS, rate=Fraction(1, 10000)))])
def test_absurd_rates_in_the_header_are_not_believed(tmp_path, name, options):
    numbers, times, video = read(write(tmp_path / name, **options))
    assert video.fps == pytest.approx(25) and video.num_frames is None and numbers == list(range(N))
    np.testing.assert_allclose(times, np.arange(N) * .04, atol=1e-6)


def test_no_rate_at_all_asks_for_one(tmp_path):
    path = write(tmp_path / 'a.mkv', 1, rate=Fraction(1, 10000), **LOSSLESS)
    with pytest.raises(VideoError, match='neither its header nor its time stamps.*fps=...'):
        open_video(path)
    assert read(path, fps=30)[2].fps == 30


def test_titles_that_are_not_utf8(tmp_path):
    data = write(tmp_path / 'a.mkv').read_bytes()
    assert b'ENCODER' in data
    (tmp_path / 'b.mkv').write_bytes(data.replace(b'ENCODER', b'ENC\xe4\xff\xfe\xfc'))
    assert read(tmp_path / 'b.mkv')[0] == list(range(N))


def test_one_frame(tmp_path):
    assert read(write(tmp_path / 'one.mp4', 1))[:2] == ([0], [0.])


def test_edit_lists_are_played_as_written(tmp_path):
    """What phones write when a clip is trimmed: frames before the cut are in the file, but not in the film."""
    source = write(tmp_path / 'a.mp4')
    with av.open(str(source)) as old, av.open(str(tmp_path / 'trimmed.mp4'), 'w') as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream, packet.pts, packet.dts = stream, packet.pts - 5 * 640, packet.dts - 5 * 640
                packet.time_base = Fraction(1, 16000)
                new.mux(packet)
    numbers, times, video = read(tmp_path / 'trimmed.mp4')
    assert numbers == list(range(numbers[0], N)) and times[0] == 0 and (np.diff(times) > 0).all()
    assert video.num_frames in (len(numbers), None)


@pytest.mark.parametrize('name, share', [('a.mkv', .6), ('a.webm', .6), ('a.mp4', .85), ('a.mov', .7), ('a.avi', .5)])
def test_cut_off_files(tmp_path, name, share):
    options = {'a.webm': dict(codec='libvpx', rate=25), 'a.avi': dict(codec='mjpeg', pix_fmt='yuvj420p', rate=25)}
    path = cut(write(tmp_path / name, fast_start=name in ('a.mp4', 'a.mov'), W=192, H=128, **options.get(name, {})),
               tmp_path / f'cut-{name}', share)
    got = []
    with open_video(path) as video, pytest.raises(VideoError) as error:
        for frame in video:
            got.append(number(frame.image))
    text = str(error.value)
    assert got == list(range(len(got))) and 1 < len(got) < N
    assert f"'{path}'" in text and f'the last good frame is {len(got) - 1}, at {frame.time:.3f} s' in text
    assert any(words in text for words in ('cut off', 'incomplete', 'FFmpeg says')) and 'keep_going=True' in text
    numbers, _, video = read(path, keep_going=True)
    assert numbers == got and len(video.notes) == 1 and 'damaged after' in video.notes[0]


@pytest.mark.parametrize('name, options, at', [('a.mp4', dict(fast_start=True), (.6, .75)), ('a.avi', dict(codec='mpeg4'), (.4, .5)),
                                               ('a.mkv', {}, (.7, .8))])
def test_damage_in_the_middle(tmp_path, name, options, at):
    path = spoil(write(tmp_path / name, H=128, W=192, **options), tmp_path / f'bad-{name}', *at)
    got = []
    with open_video(path) as video, pytest.raises(VideoError, match='damaged after .* the last good frame is'):
        for frame in video:
            got.append(number(frame.image))
    assert got == list(range(len(got))) and 0 < len(got) < N
    assert read(path, keep_going=True)[0] == got


def test_an_open_end_is_no_damage(tmp_path):
    """Audio that outlasts the images is usual."""
    for name in ('a.mp4', 'a.mkv'):
        assert read(write(tmp_path / name, sound=4.))[0] == list(range(N))


def bad_sources(folder):
    """Name, source, and what the message says."""
    def file(name, data):
        (folder / name).write_bytes(data)
        return folder / name

    with wave.open(str(folder / 'sound.wav'), 'wb') as sound:
        sound.setnchannels(1), sound.setsampwidth(2), sound.setframerate(8000), sound.writeframes(bytes(16000))
    with av.open(str(folder / 'sound.mp4'), 'w') as sound:
        stream = sound.add_stream('aac', rate=8000)
        hum = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format='fltp', layout='mono')
        hum.sample_rate = 8000
        sound.mux(stream.encode(hum)), sound.mux(stream.encode(None))
    whole = write(folder / 'whole.mp4')
    (folder / 'nothing').mkdir()
    (folder / 'texts').mkdir()
    file('texts/a.txt', b'x')
    return {
        'missing': (folder / 'absent.mp4', 'no such file'),
        'empty': (file('empty.mp4', b''), r'empty \(0 bytes\)'),
        'text': (file('text.mp4', b'hello\n' * 99), 'not a video'),
        'text that FFmpeg would play': (file('list.txt', b'a.mp4\nb.mp4\n'), 'not a video|no video stream'),
        'zeros': (file('zeros.mp4', bytes(4096)), 'not a video'),
        'wav': (folder / 'sound.wav', 'only audio in it'),
        'audio mp4': (folder / 'sound.mp4', 'only audio in it'),
        'no index': (cut(whole, folder / 'cut.mp4', .5), "without its index.*'moov'.*copy it again"),
        'only a header': (file('header.mp4', whole.read_bytes()[:32]), 'without its index'),
        'first frame spoilt': (spoil(write(folder / 'b.mkv', 3), folder / 'spoilt.mkv', .5, .95), 'no frame could be read|not a video'),
        'empty folder': (folder / 'nothing', r'folder without images \(no files at all\)'),
        'folder of text': (folder / 'texts', r'folder without images \(1 other files, such as a.txt\)'),
        'bad image': (file('bad.png', b'\x89PNG\r\n'), "no frame could be read: 'bad.png' is not a whole image"),
        'no camera': (9999, "'camera 9999': it cannot be opened"),
        'no arrays': ([], 'it holds no frame'),
        'floats': (np.zeros((2, 8, 8, 3)), r'image 0 is an array \(8, 8, 3\) float64, expected \(H, W, 3\) uint8'),
        'joints': (np.zeros((2, 8, 8, 17), np.uint8), r'image 0 is an array \(8, 8, 17\)'),
        'numbers': (np.arange(5), r'image 0 is an array \(\) int64'),
        'nothings': ([None], r'image 0 is an array \(\) object'),
        'no source': (None, 'a NoneType was given as a video'),
        'nobody there': ('http://127.0.0.1:9/a.mp4', 'the stream cannot be opened'),
        'password': ('rtsp://me:secret@127.0.0.1:9/a', r"'rtsp://...@127.0.0.1:9/a': the stream cannot be opened"),
        'unknown protocol': ('gopher2://x/y', 'the stream cannot be opened'),
    }


def test_bad_sources_are_refused_in_words(tmp_path):
    for case, (source, message) in bad_sources(tmp_path).items():
        with pytest.raises(VideoError, match=message) as error:
            open_video(source)
        assert 'expected' in str(error.value) or 'again' in str(error.value), case
        assert 'secret' not in str(error.value) and '\n' not in str(error.value), case
        with pytest.raises(VideoError):
            open_video(source, keep_going=True)
    for fps in (0, -1, float('nan'), float('inf')):
        with pytest.raises(VideoError, match='expected a positive number'):
            open_video(tmp_path / 'whole.mp4', fps=fps)


def test_no_permission(tmp_path, monkeypatch):
    def refuse(url, **_):
        raise av.PermissionError(13, 'Permission denied', url)

    path = write(tmp_path / 'a.mp4')
    monkeypatch.setattr(av, 'open', refuse)  # root may read everything
    with pytest.raises(VideoError, match="a.mp4': this user may not read it"):
        open_video(path)


def test_cut_off_file_of_unknown_rate(tmp_path):
    """The rate is looked for in packets; damage among them is still told."""
    path = cut(write(tmp_path / 'a.mkv', rate=Fraction(1, 10000), **LOSSLESS), tmp_path / 'b.mkv', .6)
    with open_video(path) as video, pytest.raises(VideoError, match='damaged after'):
        list(video)
    assert video.fps == pytest.approx(25)


def test_folder_of_pictures(tmp_path):
    for i in range(12):
        cv2.imwrite(str(tmp_path / f'img_{i}.png'), picture(i))
    (tmp_path / '.img_3.png').write_bytes(b'what a file system leaves behind')
    (tmp_path / 'notes.txt').write_text('no image')
    numbers, times, video = read(tmp_path, fps=10)
    assert numbers == list(range(12)) and times == [i / 10 for i in range(12)]
    assert (video.fps, video.size, video.num_frames, video.rotation) == (10, (64, 96), 12, 0)
    assert read(tmp_path / 'img_7.png')[0] == [7] and read(str(tmp_path))[2].fps == 30
    assert read([tmp_path / 'img_7.png', tmp_path / 'img_2.png'])[0] == [7, 2]
    cv2.imwrite(str(tmp_path / 'img_12.png'), picture(12, 32))
    with open_video(tmp_path) as video, pytest.raises(VideoError, match="'img_12.png' is 96 x 32, and those before it are 96 x 64.* frame is 11"):
        list(video)
    (tmp_path / 'img_5.png').write_bytes(b'')
    numbers, _, video = read(tmp_path, keep_going=True)
    assert numbers == list(range(5)) and "'img_5.png' is empty" in video.notes[0]


def test_arrays():
    images = [picture(i) for i in range(5)]
    assert read(images)[0] == read(np.stack(images))[0] == list(range(5))
    assert read([np.dstack((image, image[..., :1])) for image in images])[0] == list(range(5))  # with alpha
    for grey in ([image[..., 0] for image in images], [image[..., :1] for image in images]):
        with open_video(grey) as video:
            assert [frame.image.shape for frame in video] == [(64, 96, 3)] * 5
    with open_video([images[0], images[1][:32]]) as video, pytest.raises(VideoError, match='image 1 is 96 x 32'):
        list(video)


def test_url(tmp_path):
    write(tmp_path / 'a.mp4', fast_start=True)
    handler = type('Quiet', (SimpleHTTPRequestHandler, ), dict(log_message=lambda *_: None))
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f'http://127.0.0.1:{server.server_port}'
        assert read(f'{url}/a.mp4')[0] == list(range(N))
        with pytest.raises(VideoError, match='cannot be opened.*[Nn]ot [Ff]ound'):
            open_video(f'{url}/b.mp4')
    finally:
        server.shutdown()
        server.server_close()


def test_live_stream_survives_losses_and_ends_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, '_PATIENCE', 1.)
    data = write(tmp_path / 'a.ts', W=192, H=128).read_bytes()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(('127.0.0.1', 0))
        url = free.getsockname()

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for i in range(3):
                for start in range(0, len(data), 188):
                    if i != 1 or not .3 < start / len(data) < .4:
                        sender.sendto(data[start:start + 188], url)
                        time.sleep(.001)

    thread = threading.Thread(target=send)
    thread.start()
    numbers, times, video = read('udp://{}:{}'.format(*url), keep_going=True)
    thread.join()
    assert N < len(numbers) < 3 * N and (np.diff(times) > 0).all() and video.num_frames is None
    assert 'broke off after' in video.notes[0] and 'nothing arrived for 1 s' in video.notes[0]


class FakeCamera:
    """Stands in for OpenCV's camera: five frames, then it is unplugged."""
    fps = 20.

    def __init__(self, number):
        self.number, self.left = number, 5

    def isOpened(self):
        return self.number == 0

    def get(self, name):
        return {cv2.CAP_PROP_FPS: self.fps}[name]

    def read(self):
        self.left -= 1
        return (True, picture(4 - self.left)) if self.left >= 0 else (False, None)

    def release(self):
        self.number = None


def test_camera(monkeypatch):
    monkeypatch.setattr(cv2, 'VideoCapture', FakeCamera)
    for source in (0, '0'):
        numbers, times, video = read(source, keep_going=True)
        assert numbers == list(range(5)) and (video.fps, video.num_frames, video.size) == (20, None, (64, 96))
        assert times[0] == 0 and times == sorted(times) and "'camera 0': broke off after 5 frames" in video.notes[0]
    monkeypatch.setattr(FakeCamera, 'fps', 0.)
    with pytest.raises(VideoError, match='camera 0.*frame rate.*fps=...'):
        open_video(0)
    assert read(0, fps=15, keep_going=True)[2].fps == 15
    with pytest.raises(VideoError, match='camera 1.*cannot be opened'):
        open_video(1)


def test_frames_are_read_once(tmp_path):
    with open_video(write(tmp_path / 'a.mp4')) as video:
        assert len(list(video)) == N
        with pytest.raises(VideoError, match='already read; open it again'):
            iter(video)


def ours():
    return [t for t in threading.enumerate() if '_fill' in t.name]


def test_prefetch_gives_the_same_and_ends_its_thread(tmp_path):
    path = write(tmp_path / 'a.mkv', **LOSSLESS)
    with open_video(path) as video:
        assert [number(f.image) for f in video.prefetch()] == list(range(N))
    with open_video(path) as video:  # left early
        for frame in video.prefetch(2):
            if frame.index == 3:
                break
    with pytest.raises(ZeroDivisionError), open_video(path) as video:  # the caller fails
        for frame in video.prefetch(2):
            1 / 0
    Prefetcher(iter(range(100)), 2)  # forgotten
    gc.collect()
    assert not ours()
    with pytest.raises(ValueError, match='ahead is 0'):
        Prefetcher([], 0)


def test_prefetch_raises_what_the_source_raises_at_its_place(tmp_path):
    path = cut(write(tmp_path / 'a.mkv'), tmp_path / 'b.mkv', .6)
    got = []
    with pytest.raises(VideoError, match='cut off'), open_video(path) as video:
        for frame in video.prefetch():
            got.append(frame.index)
    assert got == list(range(len(got))) and len(got) > 1 and not ours()


def test_prefetch_works_while_the_caller_does_and_stays_within_its_limit():
    taken = []

    def items():
        for i in range(50):
            taken.append(i)
            yield i

    with Prefetcher(items(), 4) as ahead:
        assert next(ahead) == 0
        deadline = time.monotonic() + 5
        while len(taken) < 6 and time.monotonic() < deadline:
            time.sleep(.005)
        time.sleep(.05)
        assert len(taken) == 6  # one was taken, four wait, one is in the thread's hand
        assert list(ahead) == list(range(1, 50)) and next(ahead, 'end') == 'end'


def test_memory_stays_flat(tmp_path):
    """No frame is kept: at most the one in use and the one being made are alive."""
    alive, most = [], 0
    with open_video(write(tmp_path / 'a.mkv', **LOSSLESS)) as video:
        for frame in video:
            alive = [r for r in alive if r() is not None] + [weakref.ref(frame.image)]
            most = max(most, len(alive))
    assert most <= 2


@pytest.mark.parametrize('name, count, size', [('S001C001P001R001A001_rgb.avi', 103, (1080, 1920)), ('demo.mp4', 280, (256, 340)),
                                               ('demo_skeleton.mp4', 72, (1080, 1920))])
def test_real_videos(shared, name, count, size):
    path = shared / 'videos' / name
    capture = cv2.VideoCapture(str(path))
    with open_video(path) as video:
        times = []
        for frame in video.prefetch():
            good, image = capture.read()  # another program around the decoder
            assert good and (frame.index % 20 or np.array_equal(image, frame.image))
            times.append(frame.time)
    assert not capture.read()[0]
    capture.release()
    assert len(times) == count == video.num_frames and video.size == size
    assert times[0] == 0 and (np.diff(times) > 0).all() and not video.notes
    assert times[-1] == pytest.approx((count - 1) / video.fps, abs=2 / video.fps)
