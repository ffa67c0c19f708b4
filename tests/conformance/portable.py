"""A program as a PyTorch user writes it, run by test_portable.py twice: with PyTorch, and with wengert's imports."""

import sys

import numpy as np

if sys.argv[1] == "torch":
    import torch
    import torch.nn.functional as F
    from torch import nn, optim
    from torch.utils.data import DataLoader, TensorDataset
else:
    import autodiff as torch
    import nn
    import nn.functional as F
    import optim
    from nn.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class TwoHeads(nn.Module):
    """A shared layer, a buffer, and two heads in a ModuleList."""

    def __init__(self, hidden=16):
        super().__init__()
        self.fc1 = nn.Linear(6, hidden)
        self.act = nn.Tanh()
        self.drop = nn.Dropout(0.0)
        self.heads = nn.ModuleList([nn.Linear(hidden, 3), nn.Linear(hidden, 1)])
        self.register_buffer("scale", torch.ones(1) * 0.5)

    def forward(self, x):
        z = self.drop(self.act(self.fc1(x))) * self.scale
        return self.heads[0](z), self.heads[1](z).squeeze(-1)


def train():
    """Two losses, a penalty, clipping, parameter groups, a schedule."""
    model = TwoHeads().to(device)
    with torch.no_grad():
        for _, p in model.named_parameters():
            p.copy_(torch.from_numpy(rng.standard_normal(tuple(p.shape)).astype("f4") * 0.3))
    inputs = torch.from_numpy(rng.standard_normal((64, 6)).astype("f4"))
    classes = torch.from_numpy(rng.integers(0, 3, 64))
    values = torch.from_numpy(rng.standard_normal(64).astype("f4"))
    groups = [{"params": model.fc1.parameters(), "lr": 1e-2}, {"params": model.heads.parameters()}]
    optimizer = optim.AdamW(groups, lr=3e-3)
    schedule = optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
    for _ in range(8):
        for x, y, z in DataLoader(TensorDataset(inputs, classes, values), batch_size=16, shuffle=False):
            x, y, z = x.to(device), y.to(device), z.to(device)
            optimizer.zero_grad(set_to_none=True)
            logits, value = model(x)
            loss = F.cross_entropy(logits, y, label_smoothing=0.1) + 0.5 * F.mse_loss(value, z)
            loss = loss + 1e-3 * sum((p**2).sum() for p in model.parameters())
            loss = loss + (torch.softmax(logits, dim=-1).max(dim=1).values.mean() - 0.5).abs()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        logits, value = model(inputs)
        right = (logits.argmax(dim=1) == classes).float().mean().item()
        spread = torch.cat([logits, value.unsqueeze(1)], dim=1).std().item()
    print(f"{loss.item():.4f} {float(norm):.4f} {right:.4f} {spread:.4f}")
    print([round(group["lr"], 6) for group in optimizer.param_groups], list(model.state_dict()), model)


def recur():
    """A recurrent network by hand, and the gradient of the norm of its gradient."""
    wx = torch.tensor(rng.standard_normal((4, 5)), dtype=torch.float64, requires_grad=True)
    wh = torch.tensor(rng.standard_normal((5, 5)) * 0.3, dtype=torch.float64, requires_grad=True)
    sequence = torch.tensor(rng.standard_normal((7, 2, 4)), dtype=torch.float64)
    h, states = torch.zeros(2, 5, dtype=torch.float64), []
    for t in range(sequence.shape[0]):
        h = torch.tanh(sequence[t] @ wx + h @ wh)
        states.append(h)
    loss = torch.stack(states).pow(2).mean(dim=(0, 1)).prod().log() + torch.logsumexp(h.view(-1), 0)
    loss = loss + torch.where(h > 0, h, h * 0.1).var()
    grads = torch.autograd.grad(loss, [wx, wh], create_graph=True)
    penalty = sum((g**2).sum() for g in grads)
    penalty.backward()
    print(f"{loss.item():.9f} {penalty.item():.9f} {(wx.grad**2).sum().item():.9f}")


def write():
    """Writing in place, through masks and views, and reading with index arrays."""
    x = torch.arange(12, dtype=torch.float32).reshape(3, 4).requires_grad_()
    y = x.clone()
    y[y > 5] *= 2
    y[:, 1] = 0
    y[0] += y[1]
    y.clamp_(max=15)
    index = torch.tensor([[0, 1], [2, 3], [1, 1]])
    total = y.gather(1, index).sum() + y[[0, 2], [1, 3]].sum()
    total.backward()
    print(total.item(), x.grad.tolist())
    print(torch.eye(3)[torch.tensor([2, 0])], torch.linspace(0, 1, 5), x.masked_fill(x > 4, 0.0).sum().item())


train()
recur()
write()
