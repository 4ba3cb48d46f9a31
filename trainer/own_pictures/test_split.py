"""Which of a person's own pictures are for testing: as folders and files are named, else every tenth of each class."""

import re

import numpy as np
from numpy.typing import NDArray

SPLITS = {
    "train": {"train", "training", "trn", "trainset", "trainingset", "traindata", "trainingdata", "trainimages"},
    "test": {"test", "testing", "tst", "testset", "testingset", "testdata", "testimages"},
    "val": {"val", "valid", "validation", "valset", "validset", "validationset", "dev", "eval", "holdout"},
}
TEST_EVERY = 10  # of each class every tenth picture is kept for testing, where nothing says which are


def split_of(name: str) -> str:
    """train, test or val, as a file's or folder's name says; empty where it does not."""
    words = re.findall(r"[a-z]+", name.lower())
    return next((split for split, names in SPLITS.items() if {*words, "".join(words)} & names), "")


def every_tenth(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pictures are kept for testing: of each class the first and every tenth from there."""
    place = np.zeros(len(labels), np.int64)  # a picture's number within its class
    for label in np.unique(labels):
        place[labels == label] = np.arange((labels == label).sum())
    return place % TEST_EVERY == 0
