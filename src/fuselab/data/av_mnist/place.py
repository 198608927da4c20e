"""Where the publishers' files lie below the data folder, and where they come from."""

from __future__ import annotations

# By the names that their checksums have in the config.
MNIST = {
    "train_images": "mnist/train-images-idx3-ubyte.gz",
    "train_labels": "mnist/train-labels-idx1-ubyte.gz",
    "test_images": "mnist/t10k-images-idx3-ubyte.gz",
    "test_labels": "mnist/t10k-labels-idx1-ubyte.gz",
}
RECORDINGS = "free-spoken-digit-dataset/recordings"
CHECKSUMS = (*MNIST, "recordings")

MNIST_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"
RECORDINGS_ADDRESS = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz"
CLIPS = 3000  # of that release

# The script's folder is by default that of the config: FUSELAB_DATA, else data.
REMEDY = (
    "delete it if it is there and run python scripts/prepare_av_mnist.py --download, or set data.folder to where the "
    "files are"
)
